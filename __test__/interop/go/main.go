// The Go peer: for each line {"type": NAME, "hex": BYTES} on standard input one line {"view": ..., "hex": ...} or
// {"error": TEXT}. Bytes are decoded into the struct of that name of messages.go, shown, and encoded again; without bytes
// the type's own sample is shown and encoded.
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	_ "time/tzdata" // the tests name time zones

	"github.com/apache/fory/go/fory"
)

type request struct {
	Type string
	Hex  *string
}

type answer struct {
	View  any    `json:"view,omitempty"`
	Hex   string `json:"hex,omitempty"`
	Error string `json:"error,omitempty"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<26)
	answers := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		if err := answers.Encode(serve(lines.Bytes())); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func serve(line []byte) (done answer) {
	// The library panics where it should return an error.
	defer func() {
		if panicked := recover(); panicked != nil {
			done = answer{Error: fmt.Sprintf("panic: %v", panicked)}
		}
	}()
	var wanted request
	if err := json.Unmarshal(line, &wanted); err != nil {
		return answer{Error: err.Error()}
	}
	sample, known := samples[wanted.Type]
	if !known {
		return answer{Error: "no such type"}
	}
	value := sample()
	codec, err := newCodec(tracked[wanted.Type], compatible[wanted.Type])
	if err != nil {
		return answer{Error: err.Error()}
	}
	if wanted.Hex != nil {
		sent, err := hex.DecodeString(*wanted.Hex)
		if err != nil {
			return answer{Error: err.Error()}
		}
		// Decodes into a pointer to a pointer, because a message that refers to itself needs an address.
		read := reflect.New(reflect.TypeOf(value))
		if err := codec.Deserialize(sent, read.Interface()); err != nil {
			return answer{Error: err.Error()}
		}
		value = read.Elem().Interface()
	}
	shown := (&viewer{seen: map[uintptr]int{}}).show(reflect.ValueOf(value))
	written, err := codec.Serialize(value)
	if err != nil {
		return answer{View: shown, Error: err.Error()}
	}
	return answer{View: shown, Hex: hex.EncodeToString(written)}
}

// newCodec has the settings for Aster: xlang, every type named "namespace.Type". Each request gets a new codec, because some
// failures of the library also affect later calls.
func newCodec(references, compatible bool) (*fory.Fory, error) {
	codec := fory.NewFory(fory.WithXlang(true), fory.WithTrackRef(references), fory.WithCompatible(compatible))
	if err := codec.RegisterNamedEnum(Color(0), "interop.Color"); err != nil {
		return nil, err
	}
	for name, sample := range samples {
		tag, other := tags[name]
		if !other {
			tag = "interop." + name
		}
		if err := codec.RegisterNamedStruct(sample(), tag); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return codec, nil
}
