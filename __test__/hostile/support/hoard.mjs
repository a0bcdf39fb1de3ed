/** The service that hostile peers call: its responses are as large as the caller wants. */
import { message, serverStream, service, t, unary } from "aster-rpc";

const Ask = message("hoard/Ask", { bytes: t.int });
const Blob = message("hoard/Blob", { data: t.bytes });

export const Hoard = service(
  "Hoard",
  { version: 1 },
  {
    /** One response of so many bytes. */
    blob: unary(Ask, Blob),
    /** Items of so many bytes, without end. The generator never waits. */
    blobs: serverStream(Ask, Blob),
    /** Waits until its signal aborts. */
    hold: unary(Blob, Ask),
  },
);

export const local = Object.freeze({ bind: "127.0.0.1:0", relay: "disabled" });
