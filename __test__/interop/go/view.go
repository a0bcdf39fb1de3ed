package main

import (
	"encoding/hex"
	"fmt"
	"math"
	"reflect"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/apache/fory/go/fory"
)

// A viewer shows a value as JSON that is equal in every language of these tests. languages/view.ts has the rules.
type viewer struct {
	seen map[uintptr]int
}

func (v *viewer) show(value reflect.Value) any {
	switch known := value.Interface().(type) {
	case time.Time:
		return wide(known.UnixMicro())
	case fory.Date:
		return fmt.Sprintf("%04d-%02d-%02d", known.Year, known.Month, known.Day)
	case Color:
		return known.String()
	case []byte:
		if known == nil {
			return nil
		}
		return map[string]any{"bytes": hex.EncodeToString(known)}
	case []bool:
		bytes := make([]byte, len(known))
		for index, flag := range known {
			if flag {
				bytes[index] = 1
			}
		}
		return v.show(reflect.ValueOf(bytes))
	}
	switch value.Kind() {
	case reflect.Bool:
		return value.Bool()
	case reflect.Int8, reflect.Int16, reflect.Int32:
		return value.Int()
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return value.Uint()
	case reflect.Int, reflect.Int64:
		return wide(value.Int())
	case reflect.Uint, reflect.Uint64:
		return wide(value.Uint())
	case reflect.Float32, reflect.Float64:
		return floating(value.Float())
	case reflect.String:
		return value.String()
	case reflect.Pointer, reflect.Interface:
		return v.pointed(value)
	case reflect.Slice, reflect.Array:
		return v.items(value)
	case reflect.Map:
		return v.table(value)
	case reflect.Struct:
		return v.object(value)
	}
	panic("no view of " + value.Type().String())
}

func wide(number any) any {
	return map[string]any{"int": fmt.Sprint(number)}
}

func floating(number float64) any {
	switch {
	case math.IsNaN(number):
		return map[string]any{"float": "NaN"}
	case math.IsInf(number, 1):
		return map[string]any{"float": "Infinity"}
	case math.IsInf(number, -1):
		return map[string]any{"float": "-Infinity"}
	}
	return number
}

func (v *viewer) pointed(value reflect.Value) any {
	if value.IsNil() {
		return nil
	}
	if value.Kind() == reflect.Pointer && value.Elem().Kind() == reflect.Struct {
		if _, isTime := value.Elem().Interface().(time.Time); !isTime {
			if number, known := v.seen[value.Pointer()]; known {
				return map[string]any{"seen": number}
			}
			v.seen[value.Pointer()] = len(v.seen)
		}
	}
	return v.show(value.Elem())
}

func (v *viewer) items(value reflect.Value) any {
	if value.Kind() == reflect.Slice && value.IsNil() {
		return nil
	}
	items := make([]any, value.Len())
	for index := range items {
		items[index] = v.show(value.Index(index))
	}
	return items
}

func (v *viewer) table(value reflect.Value) any {
	isSet := value.Type().Elem().Kind() == reflect.Struct && value.Type().Elem().NumField() == 0
	entries := []any{}
	for _, key := range value.MapKeys() {
		if isSet {
			entries = append(entries, v.show(key))
		} else {
			entries = append(entries, []any{v.show(key), v.show(value.MapIndex(key))})
		}
	}
	if isSet {
		return map[string]any{"set": entries}
	}
	return map[string]any{"map": entries}
}

func (v *viewer) object(value reflect.Value) any {
	if some := value.MethodByName("IsSome"); some.IsValid() {
		if !some.Call(nil)[0].Bool() {
			return nil
		}
		return v.show(value.MethodByName("Unwrap").Call(nil)[0])
	}
	// A struct has few fields. The tests list them in alphabetical order when a message appears twice.
	members := map[string]any{}
	for index := range value.NumField() {
		name := value.Type().Field(index).Name
		first, size := utf8.DecodeRuneInString(name)
		members[string(unicode.ToLower(first))+name[size:]] = v.show(value.Field(index))
	}
	return members
}
