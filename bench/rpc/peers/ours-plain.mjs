// aster-rpc without compression: what W4 is when the bytes themselves have to travel, as they do with every other peer.
import { connectWith, serve } from "./ours.mjs";

export { serve };

export const connect = (_settings, address) => connectWith(address, { compress: "never" });
