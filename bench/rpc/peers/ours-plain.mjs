// aster-rpc without compression: W4 transfers all bytes, as with every other peer.
import { connectWith, serve } from "./ours.mjs";

export { serve };

export const connect = (_settings, address) => connectWith(address, { compress: "never" });
