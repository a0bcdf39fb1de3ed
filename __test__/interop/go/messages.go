package main

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/apache/fory/go/fory"
	"github.com/apache/fory/go/fory/optional"
)

// The messages of languages/messages.ts as Go structs.
type (
	Empty struct{}

	Bool       struct{ Value bool }
	Int8       struct{ Value int8 }
	Int16      struct{ Value int16 }
	Int32      struct{ Value int32 }
	FixedInt32 struct {
		Value int32 `fory:"compress=false"`
	}
	Int64      struct{ Value int64 }
	FixedInt64 struct {
		Value int64 `fory:"encoding=fixed"`
	}
	TaggedInt64 struct {
		Value int64 `fory:"encoding=tagged"`
	}
	Uint8       struct{ Value uint8 }
	Uint16      struct{ Value uint16 }
	Uint32      struct{ Value uint32 }
	FixedUint32 struct {
		Value uint32 `fory:"compress=false"`
	}
	Uint64      struct{ Value uint64 }
	FixedUint64 struct {
		Value uint64 `fory:"encoding=fixed"`
	}
	TaggedUint64 struct {
		Value uint64 `fory:"encoding=tagged"`
	}
	Float32  struct{ Value float32 }
	Float64  struct{ Value float64 }
	Text     struct{ Value string }
	LongText struct{ Value string }
	Bytes    struct{ Value []byte }
	Day      struct{ Value fory.Date }
	Time     struct{ Value time.Time }
	Paint    struct{ Value Color }

	Optionals struct {
		Flag   optional.Optional[bool]
		Medium optional.Optional[int32]
		Wide   optional.Optional[int64]
		Ratio  optional.Optional[float64]
		Text   *string    `fory:"nullable"`
		Data   []byte     `fory:"nullable"`
		Day    *fory.Date `fory:"nullable"`
		Time   *time.Time `fory:"nullable"`
		Color  *Color     `fory:"nullable"`
		Texts  []string   `fory:"nullable"`
	}

	TextList      struct{ Value []string }
	Int64List     struct{ Value []*int64 }
	Int32ItemList struct{ Value []*int32 }
	FloatList     struct{ Value []*float64 }
	BoolList      struct{ Value []*bool }
	BytesList     struct{ Value [][]byte }
	DayList       struct{ Value []fory.Date }
	TimeList      struct{ Value []time.Time }
	Grid          struct{ Value [][]*int64 }
	Gaps          struct{ Value []*string }
	Paints        struct{ Value []*Color }

	TextSet  struct{ Value fory.Set[string] }
	Int64Set struct{ Value fory.Set[int64] }

	TextToInt64 struct{ Value map[string]int64 }
	TextToText  struct{ Value map[string]string }
	Int64ToText struct{ Value map[int64]string }
	TextToFloat struct{ Value map[string]float64 }
	TextToBool  struct{ Value map[string]bool }
	TextToList  struct{ Value map[string][]string }
	TextToGap   struct{ Value map[string]*string }
	TextToPaint struct{ Value map[string]Color }

	Point struct{ X, Y int64 }

	Nested      struct{ Value any }
	MaybeNested struct {
		Value any `fory:"nullable"`
	}
	Points      struct{ Value []*Point }
	TextToPoint struct{ Value map[string]*Point }

	Tree struct {
		Name     string
		Children []*Tree
		First    any `fory:"nullable"`
	}

	Invoice struct {
		InvoiceId    string
		AmountCents  int64
		TaxRate      float64
		IsPaid       bool
		Color        Color
		LineTexts    []string
		UnitsByMeter map[string]int64
		Pages        fory.Set[int64]
		Scan         []byte
		DueOn        fory.Date
		SentAt       time.Time
		Note         *string `fory:"nullable"`
		Origin       any     `fory:"nullable"`
	}

	Names    struct{ LineNumber2, X1, AB int64 }
	Acronym  struct{ GetURL string }
	LongMap  struct{ Value map[string]int64 }
	AnyInt64 struct {
		Value any `fory:"nullable"`
	}
	MaybeAnything struct {
		Value any `fory:"nullable"`
	}
	AnyNull  struct{ Value any }
	Anything struct{ Value any }
	AnyPoint struct{ Value any }
	AnyItems struct{ Value any }

	Tiny     struct{ Value int64 }
	Dotted   struct{ Value int64 }
	Shouting struct{ Value int64 }

	Reading struct {
		Name  string
		Units int64
		Notes []string
		Ratio optional.Optional[float64]
		Meter Meter
	}
	Meter   struct{ Label string }
	Evolved struct {
		Name  string
		Units int64
		Added *string `fory:"nullable"`
	}
	Label  struct{ Label string }
	Either struct {
		Value any `fory:"nullable"`
	}
	BoolArray  struct{ Value []bool }
	Int8Array  struct{ Value []int8 }
	Int16Array struct{ Value []int16 }
	Int32Array struct{ Value []int32 }
	Int64Array struct{ Value []int64 }
	Uint8Array struct {
		Value []uint8 `fory:"type=uint8_array"`
	}
	Uint16Array  struct{ Value []uint16 }
	Uint32Array  struct{ Value []uint32 }
	Uint64Array  struct{ Value []uint64 }
	Float32Array struct{ Value []float32 }
	Float64Array struct{ Value []float64 }

	Twins struct {
		Left  any `fory:"ref"`
		Right any `fory:"ref"`
	}
	Crowd struct {
		Name   string
		Origin any `fory:"nullable"`
		Value  []*Point
	}
	Ring struct {
		Name string
		Next any `fory:"nullable,ref"`
	}
)

// Color is an enum. Fory sends its number, which must be the index of the member.
type Color int32

const (
	Red Color = iota
	DeepBlue
	Green
)

func (c Color) String() string { return [...]string{"RED", "DEEP_BLUE", "GREEN"}[c] }

var tracked = map[string]bool{"Twins": true, "Ring": true, "Crowd": true}

// Names that are not "interop." and the name of the struct. Every encoding of names is among them.
var tags = map[string]string{
	"Tiny":     "a.b",
	"Dotted":   "org.example.billing_v1.invoice",
	"Shouting": "SHOP_9.HTTPRequestWithALongName42",
}

var compatible = map[string]bool{"Reading": true, "Meter": true, "Evolved": true}

// The samples that Go sends.
var samples = map[string]func() any{
	"Empty":         func() any { return &Empty{} },
	"Bool":          func() any { return &Bool{true} },
	"Int8":          func() any { return &Int8{-128} },
	"Int16":         func() any { return &Int16{-32768} },
	"Int32":         func() any { return &Int32{math.MinInt32} },
	"FixedInt32":    func() any { return &FixedInt32{-2} },
	"Int64":         func() any { return &Int64{math.MinInt64} },
	"FixedInt64":    func() any { return &FixedInt64{-3} },
	"TaggedInt64":   func() any { return &TaggedInt64{1 << 30} },
	"Uint8":         func() any { return &Uint8{200} },
	"Uint16":        func() any { return &Uint16{60000} },
	"Uint32":        func() any { return &Uint32{4000000000} },
	"FixedUint32":   func() any { return &FixedUint32{4000000000} },
	"Uint64":        func() any { return &Uint64{math.MaxUint64} },
	"FixedUint64":   func() any { return &FixedUint64{math.MaxUint64} },
	"TaggedUint64":  func() any { return &TaggedUint64{1 << 31} },
	"Float32":       func() any { return &Float32{0.1} },
	"Float64":       func() any { return &Float64{0.1} },
	"Text":          func() any { return &Text{"héllo €"} },
	"LongText":      func() any { return &LongText{strings.Repeat("x", 5000)} },
	"Bytes":         func() any { return &Bytes{[]byte{0, 1, 255}} },
	"Day":           func() any { return &Day{fory.Date{Year: 1969, Month: 12, Day: 31}} },
	"Time":          func() any { return &Time{time.UnixMilli(-500)} },
	"Paint":         func() any { return &Paint{Green} },
	"Optionals":     optionals,
	"TextList":      func() any { return &TextList{[]string{"a", "é", "€"}} },
	"Int64List":     func() any { return &Int64List{[]*int64{at[int64](1), at[int64](-1), at[int64](math.MaxInt64)}} },
	"Int32ItemList": func() any { return &Int32ItemList{[]*int32{at[int32](1), at[int32](-1)}} },
	"FloatList":     func() any { return &FloatList{[]*float64{at(0.5), at(math.NaN())}} },
	"BoolList":      func() any { return &BoolList{[]*bool{at(true), at(false)}} },
	"BytesList":     func() any { return &BytesList{[][]byte{{1}, {}}} },
	"DayList":       func() any { return &DayList{[]fory.Date{{Year: 1970, Month: 1, Day: 1}}} },
	"TimeList":      func() any { return &TimeList{[]time.Time{time.UnixMilli(0)}} },
	"Grid":          func() any { return &Grid{[][]*int64{{at[int64](1)}, {}, {at[int64](2), at[int64](3)}}} },
	"Gaps":          func() any { return &Gaps{[]*string{at("a"), nil, at("b")}} },
	"Paints":        func() any { return &Paints{[]*Color{at(Green), at(Red)}} },
	"TextSet":       func() any { return &TextSet{fory.Set[string]{"a": {}, "b": {}}} },
	"Int64Set":      func() any { return &Int64Set{fory.Set[int64]{2: {}, 3: {}}} },
	"TextToInt64":   func() any { return &TextToInt64{map[string]int64{"a": 1}} },
	"TextToText":    func() any { return &TextToText{map[string]string{"a": "b"}} },
	"Int64ToText":   func() any { return &Int64ToText{map[int64]string{-1: "minus one"}} },
	"TextToFloat":   func() any { return &TextToFloat{map[string]float64{"a": 0.5}} },
	"TextToBool":    func() any { return &TextToBool{map[string]bool{"a": true}} },
	"TextToList":    func() any { return &TextToList{map[string][]string{"a": {"b", "c"}}} },
	"TextToGap":     func() any { return &TextToGap{map[string]*string{"a": nil}} },
	"TextToPaint":   func() any { return &TextToPaint{map[string]Color{"a": DeepBlue}} },
	"Point":         func() any { return &Point{1, -1} },
	"Nested":        func() any { return &Nested{&Point{1, -1}} },
	"MaybeNested":   func() any { return &MaybeNested{&Point{1, -1}} },
	"Points":        func() any { return &Points{[]*Point{{1, -1}, {1, -1}}} },
	"TextToPoint":   func() any { return &TextToPoint{map[string]*Point{"a": {1, -1}}} },
	"Tree":          func() any { return &Tree{"root", []*Tree{}, nil} },
	"Invoice":       invoice,
	"Names":         func() any { return &Names{1, 2, 3} },
	"Acronym":       func() any { return &Acronym{"a"} },
	"LongMap":       longMap,
	"MaybeAnything": func() any { return &MaybeAnything{"text"} },
	"AnyInt64":      func() any { return &AnyInt64{int64(1) << 60} },
	"AnyNull":       func() any { return &AnyNull{nil} },
	"Anything":      func() any { return &Anything{"text"} },
	"AnyPoint":      func() any { return &AnyPoint{&Point{1, -1}} },
	"AnyItems":      func() any { return &AnyItems{[]any{"a", int64(1) << 60}} },
	"Reading":       func() any { return &Reading{"kitchen", 108, []string{"a"}, optional.None[float64](), Meter{"m"}} },
	"Meter":         func() any { return &Meter{"m"} },
	"Evolved":       func() any { return &Evolved{"kitchen", 108, nil} },
	"Tiny":          func() any { return &Tiny{1} },
	"Dotted":        func() any { return &Dotted{1} },
	"Shouting":      func() any { return &Shouting{1} },
	"Label":         func() any { return &Label{"x"} },
	"Either":        func() any { return &Either{&Label{"x"}} },
	"Crowd":         crowd,
	"BoolArray":     func() any { return &BoolArray{[]bool{true, false}} },
	"Int8Array":     func() any { return &Int8Array{[]int8{-1, 1}} },
	"Int16Array":    func() any { return &Int16Array{[]int16{-1, 1}} },
	"Int32Array":    func() any { return &Int32Array{[]int32{-1, 1}} },
	"Int64Array":    func() any { return &Int64Array{[]int64{-1, 1}} },
	"Uint8Array":    func() any { return &Uint8Array{[]uint8{255, 1}} },
	"Uint16Array":   func() any { return &Uint16Array{[]uint16{65535, 1}} },
	"Uint32Array":   func() any { return &Uint32Array{[]uint32{math.MaxUint32, 1}} },
	"Uint64Array":   func() any { return &Uint64Array{[]uint64{math.MaxUint64, 1}} },
	"Float32Array":  func() any { return &Float32Array{[]float32{0.1, float32(math.Copysign(0, -1))}} },
	"Float64Array":  func() any { return &Float64Array{[]float64{0.1, math.NaN()}} },
	"Twins":         twins,
	"Ring":          ring,
}

func at[T any](value T) *T { return &value }

// at makes a pointer: Fory encodes a slice of numbers as a typed array, and a slice of pointers as a list.

func longMap() any {
	entries := map[string]int64{}
	for index := range int64(300) {
		entries[fmt.Sprintf("k%d", index)] = index
	}
	return &LongMap{entries}
}

func optionals() any {
	second, blue := time.Unix(1, 0), DeepBlue
	return &Optionals{
		Flag:   optional.Bool(true),
		Medium: optional.None[int32](),
		Wide:   optional.Int64(-5),
		Ratio:  optional.Some(0.5),
		Data:   []byte{7},
		Time:   &second,
		Color:  &blue,
	}
}

func invoice() any {
	return &Invoice{
		InvoiceId:    "i-1",
		AmountCents:  12550,
		TaxRate:      0.19,
		IsPaid:       true,
		Color:        Red,
		LineTexts:    []string{"tea", "お茶"},
		UnitsByMeter: map[string]int64{"kitchen": 108},
		Pages:        fory.Set[int64]{1: {}},
		Scan:         []byte{1, 2, 3},
		DueOn:        fory.Date{Year: 2024, Month: 2, Day: 29},
		SentAt:       time.UnixMicro(1700000000123456),
		Origin:       &Point{1, -1},
	}
}

func twins() any {
	point := &Point{1, -1}
	return &Twins{point, point}
}

func ring() any {
	value := &Ring{Name: "a"}
	value.Next = value
	return value
}

func crowd() any {
	one := &Point{1, -1}
	return &Crowd{"crowd", &Point{1, -1}, []*Point{one, one, {1, -1}}}
}
