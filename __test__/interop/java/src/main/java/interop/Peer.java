package interop;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.fory.Fory;
import org.apache.fory.config.CompatibleMode;
import org.apache.fory.config.Language;

/**
 * The Java peer: for each line {"type": NAME, "hex": BYTES} on standard input one line {"view": ..., "hex": ...} or {"error":
 * TEXT}. Bytes are decoded into the class of that name of {@link Messages}, shown, and encoded again; without bytes the class's
 * own sample (its initial values) is shown and encoded.
 */
public final class Peer {
  private static final Pattern REQUEST = Pattern.compile("\"(type|hex)\":\"(\\w*)\"");

  private final Map<List<Boolean>, Fory> codecs = new HashMap<>();

  public static void main(String[] arguments) throws Exception {
    // The library writes warnings to standard output.
    PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    System.setOut(System.err);
    Peer peer = new Peer();
    BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = requests.readLine(); line != null; line = requests.readLine()) {
      answers.println(peer.answer(line));
    }
  }

  private String answer(String line) {
    Map<String, String> request = new HashMap<>();
    for (Matcher found = REQUEST.matcher(line); found.find(); ) request.put(found.group(1), found.group(2));
    try {
      Class<?> type = Class.forName(Messages.class.getName() + "$" + request.get("type"));
      Fory fory = codecs.computeIfAbsent(
              List.of(Messages.withReferences(type), Messages.isCompatible(type)),
              modes -> codec(modes.get(0), modes.get(1)));
      String hex = request.get("hex");
      Object value =
          hex == null
              ? type.getDeclaredConstructor().newInstance()
              : type.cast(fory.deserialize(HexFormat.of().parseHex(hex)));
      String view = View.of(value);
      return "{\"view\":" + view + ",\"hex\":\"" + HexFormat.of().formatHex(fory.serialize(value)) + "\"}";
    } catch (Throwable error) { // the library has failures of every class, errors of the JIT among them
      return "{\"error\":" + View.quoted(error.toString()) + "}";
    }
  }

  /** The settings for Aster: XLANG, every type named by namespace and type name. */
  private static Fory codec(boolean references, boolean compatible) {
    Fory fory =
        Fory.builder()
            .withLanguage(Language.XLANG)
            .requireClassRegistration(true)
            .withRefTracking(references)
            .withCompatibleMode(compatible ? CompatibleMode.COMPATIBLE : CompatibleMode.SCHEMA_CONSISTENT)
            .build();
    for (Class<?> type : Messages.class.getDeclaredClasses()) {
      List<String> tag = Messages.tag(type);
      fory.register(type, tag.get(0), tag.get(1));
    }
    return fory;
  }
}
