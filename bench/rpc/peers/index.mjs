// The peers of the RPC bench, and the interface that each adapter of this folder exports:
//
//   prepare(scratch)            optional, in the runner: { settings, dispose? }; settings are JSON for all processes
//   serve(settings)             in the server process: starts listening, returns its address as JSON
//   connect(settings, address)  in the client process: a new connection, with
//     unary(request)                 -> Promise of the answer
//     serverStream(request, onItem)  -> Promise of the end; onItem(item) for each item, in order
//     upload(chunk, count)           -> Promise of { bytes, intact }: sends the same chunk `count` times
//
// Each adapter is written as that library's users would write it for speed: its binary encoding, its own flow
// control, no options that trade safety away.

/** What the runner and the tables need to know without loading an adapter. `workloads`: those it takes part in, if not all. */
export const peers = {
  ours: { title: "aster-rpc", module: "./ours.mjs", packages: ["aster-rpc"] },
  "ours-plain": {
    title: "aster-rpc, compression off",
    module: "./ours-plain.mjs",
    packages: ["aster-rpc"],
    workloads: ["W4"],
    note: "W4 alone, whose byte ramp shrinks to almost nothing; no other workload has messages large enough to compress",
  },
  "grpc-js": {
    title: "@grpc/grpc-js, TLS",
    module: "./grpc-js.mjs",
    packages: ["@grpc/grpc-js", "protobufjs"],
    note: "protobufjs static code; the stream is read by its data events",
  },
  "connect-node": {
    title: "@connectrpc/connect-node, TLS",
    module: "./connect-node.mjs",
    packages: ["@connectrpc/connect", "@connectrpc/connect-node", "@bufbuild/protobuf"],
    note: "Connect protocol, binary, HTTP/2",
  },
  hyperswarm: {
    title: "@hyperswarm/rpc",
    module: "./hyperswarm.mjs",
    packages: ["@hyperswarm/rpc", "hyperdht", "compact-encoding"],
    note: "has requests and one-way events only; streams are made of events by hand, 64 items to a cork",
  },
  "iroh-raw": {
    title: "@number0/iroh, raw streams",
    module: "./iroh-raw.mjs",
    packages: ["@number0/iroh"],
    note: "no RPC layer: JSON and lengths by hand on a stream per call; no deadlines, errors or types. Its streams take and give arrays of numbers",
    // Bytes cross as arrays of numbers there: the full amounts would take minutes a round. A rate is a rate.
    share: { W3: 0.1, W4: 0.125 },
  },
};

/** Loads an adapter; in measured processes only the one that is measured. */
export const loadPeer = (name) => import(peers[name].module);
