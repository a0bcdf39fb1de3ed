package interop;

import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.time.Instant;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.fory.annotation.Int8ArrayType;
import org.apache.fory.annotation.Uint16ArrayType;
import org.apache.fory.annotation.Uint16Type;
import org.apache.fory.annotation.Uint32ArrayType;
import org.apache.fory.annotation.Uint32Type;
import org.apache.fory.annotation.Uint64ArrayType;
import org.apache.fory.annotation.Uint64Type;
import org.apache.fory.annotation.Uint8Type;

/** A value as JSON text that is equal in every language of these tests. `languages/view.ts` has the rules. */
final class View {
  private final IdentityHashMap<Object, Integer> seen = new IdentityHashMap<>();

  static String of(Object value) {
    return new View().show(value, false);
  }

  private String show(Object value, boolean unsigned) {
    return show(value, unsigned, false);
  }

  private String show(Object value, boolean unsigned, boolean numbers) {
    if (value == null || value instanceof Boolean) return String.valueOf(value);
    if (value instanceof Byte number) return String.valueOf(unsigned ? Byte.toUnsignedInt(number) : number);
    if (value instanceof Short number) return String.valueOf(unsigned ? Short.toUnsignedInt(number) : number);
    if (value instanceof Integer number) return unsigned ? Integer.toUnsignedString(number) : number.toString();
    if (value instanceof Long number) return wide(unsigned ? Long.toUnsignedString(number) : number.toString());
    if (value instanceof Float number) return floating(number.doubleValue());
    if (value instanceof Double number) return floating(number);
    if (value instanceof String text) return quoted(text);
    if (value instanceof Enum<?> member) return quoted(member.name());
    if (value instanceof LocalDate day) return quoted(day.toString());
    if (value instanceof Instant time) return wide(String.valueOf(ChronoUnit.MICROS.between(Instant.EPOCH, time)));
    if (value instanceof byte[] bytes && !numbers) return "{\"bytes\":" + quoted(HexFormat.of().formatHex(bytes)) + "}";
    if (value instanceof boolean[] flags) return show(bytes(flags), false);
    if (value.getClass().isArray()) return array(value, unsigned);
    if (value instanceof Set<?> set) return "{\"set\":" + all(set) + "}";
    if (value instanceof Collection<?> list) return all(list);
    if (value instanceof Map<?, ?> map) return "{\"map\":" + entries(map) + "}";
    return object(value);
  }

  private String object(Object value) {
    Integer before = seen.putIfAbsent(value, seen.size());
    if (before != null) return "{\"seen\":" + before + "}";
    Map<String, Field> fields = new TreeMap<>();
    for (Field field : value.getClass().getFields()) {
      if (!Modifier.isStatic(field.getModifiers())) fields.put(field.getName(), field);
    }
    List<String> members = new ArrayList<>();
    for (Field field : fields.values()) {
      try {
        members.add(quoted(field.getName()) + ":" + show(field.get(value), unsigned(field), field.isAnnotationPresent(Int8ArrayType.class)));
      } catch (IllegalAccessException error) {
        throw new IllegalStateException(error);
      }
    }
    return "{" + String.join(",", members) + "}";
  }

  private static byte[] bytes(boolean[] flags) {
    byte[] bytes = new byte[flags.length];
    for (int index = 0; index < flags.length; index++) bytes[index] = (byte) (flags[index] ? 1 : 0);
    return bytes;
  }

  private String array(Object value, boolean unsigned) {
    List<String> items = new ArrayList<>();
    for (int index = 0; index < Array.getLength(value); index++) items.add(show(Array.get(value, index), unsigned));
    return "[" + String.join(",", items) + "]";
  }

  private String all(Collection<?> values) {
    List<String> items = new ArrayList<>();
    for (Object value : values) items.add(show(value, false));
    return "[" + String.join(",", items) + "]";
  }

  private String entries(Map<?, ?> map) {
    List<String> items = new ArrayList<>();
    map.forEach((key, value) -> items.add("[" + show(key, false) + "," + show(value, false) + "]"));
    return "[" + String.join(",", items) + "]";
  }

  private static boolean unsigned(Field field) {
    return field.isAnnotationPresent(Uint8Type.class)
        || field.isAnnotationPresent(Uint16Type.class)
        || field.isAnnotationPresent(Uint32Type.class)
        || field.isAnnotationPresent(Uint64Type.class)
        || field.isAnnotationPresent(Uint16ArrayType.class)
        || field.isAnnotationPresent(Uint32ArrayType.class)
        || field.isAnnotationPresent(Uint64ArrayType.class);
  }

  private static String wide(String digits) {
    return "{\"int\":" + quoted(digits) + "}";
  }

  private static String floating(double number) {
    return Double.isFinite(number) ? String.valueOf(number) : "{\"float\":" + quoted(String.valueOf(number)) + "}";
  }

  static String quoted(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (char unit : text.toCharArray()) {
      if (unit >= ' ' && unit <= '~' && unit != '"' && unit != '\\') out.append(unit);
      else out.append(String.format("\\u%04x", (int) unit));
    }
    return out.append('"').toString();
  }
}
