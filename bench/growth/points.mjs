// The axes of `npm run bench:growth` and the points on each. A point is the part of a plan that the echo of bench/rpc takes.

/** The peers that have an echo. */
export const peerNames = ["ours", "grpc-js", "hyperswarm"];

const KIB = 1024;
const sizes = [64, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, KIB * KIB, 2 * KIB * KIB, 8 * KIB * KIB];

/** A number of bytes with its unit. */
const sized = (bytes) =>
  bytes >= KIB * KIB ? `${bytes / KIB / KIB} MiB` : bytes >= KIB ? `${bytes / KIB} KiB` : `${bytes} B`;

const payloads = (kind) => sizes.map((bytes) => ({ bytes, kind, inFlight: 16, connections: 1 }));

export const axes = {
  noise: {
    title: "Random bytes, 16 calls at once on one connection",
    label: ({ bytes }) => `${sized(bytes)} of noise`,
    points: payloads("noise"),
  },
  text: {
    title: "Lines of a log, which compress, 16 calls at once on one connection",
    label: ({ bytes }) => `${sized(bytes)} of text`,
    points: payloads("text"),
  },
  streams: {
    title: "Calls at once, 64 bytes each, on one connection",
    label: ({ inFlight }) => `${inFlight} at once`,
    points: [1, 4, 16, 64, 256, 1024].map((inFlight) => ({
      bytes: 64,
      kind: "noise",
      inFlight,
      connections: 1,
    })),
  },
  connections: {
    title: "Connections of one client process, 64 bytes, two calls at once on each, at least 64 in all",
    label: ({ connections }) => `${connections} connection${connections === 1 ? "" : "s"}`,
    points: [1, 10, 100, 400].map((connections) => ({
      bytes: 64,
      kind: "noise",
      inFlight: Math.max(64, 2 * connections),
      connections,
    })),
  },
};
