package interop;

import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.fory.annotation.ForyField;
import org.apache.fory.annotation.ForyField.Dynamic;
import org.apache.fory.annotation.Int32Type;
import org.apache.fory.annotation.Int64Type;
import org.apache.fory.annotation.Int8ArrayType;
import org.apache.fory.annotation.Uint16ArrayType;
import org.apache.fory.annotation.Uint16Type;
import org.apache.fory.annotation.Uint32ArrayType;
import org.apache.fory.annotation.Uint32Type;
import org.apache.fory.annotation.Uint64ArrayType;
import org.apache.fory.annotation.Uint64Type;
import org.apache.fory.annotation.Uint8ArrayType;
import org.apache.fory.annotation.Uint8Type;
import org.apache.fory.config.LongEncoding;

/** The messages of `languages/messages.ts` as Java classes. The initial values are the sample that Java sends. */
public final class Messages {
  private static final Set<Class<?>> TRACKED = Set.of(Twins.class, Ring.class, Crowd.class);

  private static final Set<Class<?>> COMPATIBLE = Set.of(Evolved.class, Reading.class, Meter.class);

  static boolean isCompatible(Class<?> type) {
    return COMPATIBLE.contains(type);
  }

  /** Tags that are not `interop/` and the name of the class. Every encoding of names is among them. */
  private static final Map<Class<?>, List<String>> TAGS =
      Map.of(
          Tiny.class, List.of("a", "b"),
          Dotted.class, List.of("org.example.billing_v1", "invoice"),
          Shouting.class, List.of("SHOP_9", "HTTPRequestWithALongName42"));

  /** Namespace and type name. */
  static List<String> tag(Class<?> type) {
    return TAGS.getOrDefault(type, List.of("interop", type.getSimpleName()));
  }

  static boolean withReferences(Class<?> type) {
    return TRACKED.contains(type);
  }

  public static class Empty {}

  public static class Bool { public boolean value = true; }
  public static class Int8 { public byte value = -128; }
  public static class Int16 { public short value = -32768; }
  public static class Int32 { public int value = -2147483648; }
  public static class FixedInt32 { @Int32Type(compress = false) public int value = -2; }
  public static class Int64 { public long value = Long.MIN_VALUE; }
  public static class FixedInt64 { @Int64Type(encoding = LongEncoding.FIXED) public long value = -3; }
  public static class TaggedInt64 { @Int64Type(encoding = LongEncoding.TAGGED) public long value = 1L << 30; }
  public static class Uint8 { @Uint8Type public byte value = (byte) 200; }
  public static class Uint16 { @Uint16Type public short value = (short) 60000; }
  public static class Uint32 { @Uint32Type public int value = (int) 4000000000L; }
  public static class FixedUint32 { @Uint32Type(compress = false) public int value = (int) 4000000000L; }
  public static class Uint64 { @Uint64Type public long value = -1; }
  public static class FixedUint64 { @Uint64Type(encoding = LongEncoding.FIXED) public long value = -1; }
  public static class TaggedUint64 { @Uint64Type(encoding = LongEncoding.TAGGED) public long value = 1L << 31; }
  public static class Float32 { public float value = 0.1f; }
  public static class Float64 { public double value = 0.1; }
  public static class Text { public String value = "héllo €"; }
  public static class LongText { public String value = "x".repeat(5000); }
  public static class Bytes { public byte[] value = {0, 1, -1}; }
  public static class Day { public LocalDate value = LocalDate.of(1969, 12, 31); }
  public static class Time { public Instant value = Instant.ofEpochSecond(-1, 500_000_000); }

  public enum Color { RED, DEEP_BLUE, GREEN }

  public static class Paint { public Color value = Color.GREEN; }

  public static class Optionals {
    @ForyField(nullable = true) public Boolean flag = true;
    @ForyField(nullable = true) public Integer medium = null;
    @ForyField(nullable = true) public Long wide = -5L;
    @ForyField(nullable = true) public Double ratio = 0.5;
    @ForyField(nullable = true) public String text = null;
    @ForyField(nullable = true) public byte[] data = {7};
    @ForyField(nullable = true) public LocalDate day = null;
    @ForyField(nullable = true) public Instant time = Instant.ofEpochSecond(1);
    @ForyField(nullable = true) public Color color = Color.DEEP_BLUE;
    @ForyField(nullable = true) public List<String> texts = null;
  }

  public static class TextList { public List<String> value = list("a", "é", "€"); }
  public static class Int64List { public List<Long> value = list(1L, -1L, Long.MAX_VALUE); }
  public static class Int32ItemList { public List<Integer> value = list(1, -1); }
  public static class FloatList { public List<Double> value = list(0.5, Double.NaN); }
  public static class BoolList { public List<Boolean> value = list(true, false); }
  public static class BytesList { public List<byte[]> value = list(new byte[] {1}, new byte[0]); }
  public static class DayList { public List<LocalDate> value = list(LocalDate.EPOCH); }
  public static class TimeList { public List<Instant> value = list(Instant.EPOCH); }
  public static class Grid { public List<List<Long>> value = list(list(1L), list(), list(2L, 3L)); }
  public static class Gaps { public List<String> value = list("a", null, "b"); }
  public static class Paints { public List<Color> value = list(Color.GREEN, Color.RED); }

  public static class TextSet { public Set<String> value = new HashSet<>(list("a", "b")); }
  public static class Int64Set { public Set<Long> value = new HashSet<>(list(2L, 3L)); }

  public static class TextToInt64 { public Map<String, Long> value = map("a", 1L); }
  public static class TextToText { public Map<String, String> value = map("a", "b"); }
  public static class Int64ToText { public Map<Long, String> value = map(-1L, "minus one"); }
  public static class TextToFloat { public Map<String, Double> value = map("a", 0.5); }
  public static class TextToBool { public Map<String, Boolean> value = map("a", true); }
  public static class TextToList { public Map<String, List<String>> value = map("a", list("b", "c")); }
  public static class TextToGap { public Map<String, String> value = map("a", null); }
  public static class TextToPaint { public Map<String, Color> value = map("a", Color.DEEP_BLUE); }

  public static class Point {
    public long x = 1;
    public long y = -1;
  }

  /** Aster writes the type of a message in a field. Java does so only when the field is dynamic. */
  public static class Nested {
    @ForyField(dynamic = Dynamic.TRUE) public Point value = new Point();
  }

  public static class MaybeNested {
    @ForyField(nullable = true, dynamic = Dynamic.TRUE) public Point value = new Point();
  }

  public static class Points { public List<Point> value = list(new Point(), new Point()); }
  public static class TextToPoint { public Map<String, Point> value = map("a", new Point()); }

  public static class Tree {
    public String name = "root";
    public List<Tree> children = list();
    @ForyField(nullable = true, dynamic = Dynamic.TRUE) public Tree first = null;
  }

  /** Fields of many groups, so that a wrong order is noticed. */
  public static class Invoice {
    public String invoiceId = "i-1";
    public long amountCents = 12550;
    public double taxRate = 0.19;
    public boolean isPaid = true;
    public Color color = Color.RED;
    public List<String> lineTexts = list("tea", "お茶");
    public Map<String, Long> unitsByMeter = map("kitchen", 108L);
    public Set<Long> pages = new HashSet<>(list(1L));
    public byte[] scan = {1, 2, 3};
    public LocalDate dueOn = LocalDate.of(2024, 2, 29);
    public Instant sentAt = Instant.ofEpochSecond(1700000000, 123_456_000);
    @ForyField(nullable = true) public String note = null;
    @ForyField(nullable = true, dynamic = Dynamic.TRUE) public Point origin = new Point();
  }

  public static class Names {
    public long lineNumber2 = 1;
    public long x1 = 2;
    public long aB = 3;
  }

  public static class Acronym { public String getURL = "a"; }

  public static class LongMap {
    public Map<String, Long> value = new HashMap<>();

    {
      for (long index = 0; index < 300; index++) value.put("k" + index, index);
    }
  }

  public static class MaybeAnything { @ForyField(nullable = true) public Object value = "text"; }
  public static class AnyInt64 { @ForyField(nullable = true) public Object value = 1L << 60; }
  public static class AnyNull { public Object value = null; }
  public static class Anything { public Object value = "text"; }
  public static class AnyPoint { public Object value = new Point(); }
  public static class AnyItems { @ForyField(dynamic = Dynamic.TRUE) public Object value = list("a", 1L << 60); }

  public static class Label { public String label = "x"; }
  public static class Either { @ForyField(nullable = true) public Object value = new Label(); }

  public static class BoolArray { public boolean[] value = {true, false}; }
  public static class Int8Array { @Int8ArrayType public byte[] value = {-1, 1}; }
  public static class Int16Array { public short[] value = {-1, 1}; }
  public static class Int32Array { public int[] value = {-1, 1}; }
  public static class Int64Array { public long[] value = {-1, 1}; }
  public static class Uint8Array { @Uint8ArrayType public byte[] value = {-1, 1}; }
  public static class Uint16Array { @Uint16ArrayType public short[] value = {-1, 1}; }
  public static class Uint32Array { @Uint32ArrayType public int[] value = {-1, 1}; }
  public static class Uint64Array { @Uint64ArrayType public long[] value = {-1, 1}; }
  public static class Float32Array { public float[] value = {0.1f, -0f}; }
  public static class Float64Array { public double[] value = {0.1, Double.NaN}; }

  public static class Twins {
    @ForyField(ref = true, dynamic = Dynamic.TRUE) public Point left = new Point();
    @ForyField(ref = true, dynamic = Dynamic.TRUE) public Point right = left;
  }

  public static class Ring {
    public String name = "a";
    @ForyField(nullable = true, ref = true, dynamic = Dynamic.TRUE) public Ring next = this;
  }

  public static class Crowd {
    public String name = "crowd";
    @ForyField(nullable = true, dynamic = Dynamic.TRUE) public Point origin = new Point();
    public List<Point> value = new ArrayList<>();

    {
      Point one = new Point();
      value.addAll(list(one, one, new Point()));
    }
  }

  /** Declared compatible, with the same fields as in TypeScript. */
  public static class Reading {
    public String name = "kitchen";
    public long units = 108;
    public List<String> notes = list("a");
    @ForyField(nullable = true) public Double ratio = null;
    public Meter meter = new Meter();
  }

  public static class Meter { public String label = "m"; }

  /** In TypeScript it has no `added`, and a field `gone` that is missing here. */
  public static class Evolved {
    public String name = "kitchen";
    public long units = 108;
    @ForyField(nullable = true) public String added = null;
  }

  public static class Tiny { public long value = 1; }
  public static class Dotted { public long value = 1; }
  public static class Shouting { public long value = 1; }

  @SafeVarargs
  private static <T> List<T> list(T... items) {
    return new ArrayList<>(Arrays.asList(items));
  }

  private static <K, V> Map<K, V> map(K key, V value) {
    Map<K, V> map = new HashMap<>();
    map.put(key, value);
    return map;
  }

  private Messages() {}
}
