import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.NativeLong;
import java.nio.charset.Charset;
import java.util.Set;

/**
 * Reads a card with the standard interface: basic items with the PSAM, or with the central HSM where the PSAM cannot; then a file.
 *
 * <pre>java -cp jna.jar -Djna.library.path=/usr/local/lib ReadCard.java</pre>
 *
 * Readers, PSAM and HSM are those of /etc/ssc/driver.toml. A driver that waits for a card or a PIN blocks its thread.
 */
public final class ReadCard {
    /** The functions as the header has them: a C long is a NativeLong, pOutInfo an array of bytes. */
    public interface SSCardDriver extends Library {
        NativeLong iReadCardBas(int iType, byte[] pOutInfo);

        NativeLong iReadCardBas_HSM(int iType, byte[] pOutInfo);

        NativeLong iReadCard(int iType, int iAuthType, byte[] pCardInfo, byte[] pFileAddr, byte[] pOutInfo);

        NativeLong iReadCard_HSM(int iType, int iAuthType, byte[] pCardInfo, byte[] pFileAddr, byte[] pOutInfo);
    }

    /** A function that failed, with its code and its words. */
    public static final class DriverException extends Exception {
        final long code;

        DriverException(String function, long code, String text) {
            super(function + ": " + code + " " + text);
            this.code = code;
        }

        /** Whether the HSM function of the same name is to be taken. */
        boolean useHsm() {
            return Set.of(-2201L, -2202L, -2203L, -27272L, -24L).contains(code);
        }
    }

    private interface Call {
        NativeLong into(byte[] pOutInfo);
    }

    private static final int CONTACT_FIRST = 3;
    private static final int WITH_KEY = 2;
    /** Text of the interface is GBK; GB18030 knows the rare characters of names too. */
    private static final Charset ENCODING = Charset.forName("GB18030");

    private final SSCardDriver driver = Native.load("SSCardDriver", SSCardDriver.class);

    private static String call(String function, int size, Call call) throws DriverException {
        byte[] out = new byte[size];
        long code = call.into(out).longValue();
        int end = 0;
        while (end < out.length && out[end] != 0) {
            end++;
        }
        String text = new String(out, 0, end, ENCODING);
        if (code != 0) {
            throw new DriverException(function, code, text);
        }
        return text;
    }

    /** Bytes of a string that goes in, with the NUL that C expects. */
    private static byte[] bytes(String text) {
        return (text + "\0").getBytes(ENCODING);
    }

    /** The eleven items. */
    public String basics() throws DriverException {
        try {
            return call("iReadCardBas", 1024, out -> driver.iReadCardBas(CONTACT_FIRST, out));
        } catch (DriverException failure) {
            if (!failure.useHsm()) {
                throw failure;
            }
            return call("iReadCardBas_HSM", 1024, out -> driver.iReadCardBas_HSM(CONTACT_FIRST, out));
        }
    }

    /** Elements of files of the card that pCardInfo names. */
    public String file(String card, String address) throws DriverException {
        byte[] pCardInfo = bytes(card);
        byte[] pFileAddr = bytes(address);
        try {
            return call("iReadCard", 20480, out -> driver.iReadCard(CONTACT_FIRST, WITH_KEY, pCardInfo, pFileAddr, out));
        } catch (DriverException failure) {
            if (!failure.useHsm()) {
                throw failure;
            }
            return call("iReadCard_HSM", 20480, out -> driver.iReadCard_HSM(CONTACT_FIRST, WITH_KEY, pCardInfo, pFileAddr, out));
        }
    }

    public static void main(String[] arguments) {
        try {
            ReadCard reader = new ReadCard();
            String[] items = reader.basics().split("\\|");
            System.out.println("name " + items[4]);
            // pCardInfo: the driver compares it, so that nobody reads another card than the one that was shown.
            String card = items[3] + "|" + items[2] + "|";
            System.out.println("file " + reader.file(card, "DF01EF07|29|$"));
        } catch (DriverException failure) {
            System.err.println(failure.getMessage());
            System.exit(1);
        }
    }
}
