// The peers of the RPC bench, and the interface that each adapter of this folder exports:
//
//   prepare(scratch)            optional, in the runner: { settings, dispose? }; settings are JSON for all processes
//   serve(settings)             in the server process: starts listening, returns its address as JSON
//   connect(settings, address)  in the client process: a new connection, with
//     unary(request)                 -> Promise of the response
//     serverStream(request, onItem)  -> Promise of the end; onItem(item) for each item, in order
//     upload(chunk, count)           -> Promise of { bytes, intact }: sends the same chunk `count` times
//   echo(bytes)                      -> Promise of the same bytes; only for `npm run bench:growth`
//
// Each adapter uses its library as users would use it for speed: with its binary encoding, its own flow control, and no
// options that reduce safety.

/** The facts that the runner and the tables need without loading an adapter. `workloads`: its workloads, if not all. */
export const peers = {
  ours: { title: "aster-rpc", module: "./ours.mjs", packages: ["aster-rpc"] },
  "ours-plain": {
    title: "aster-rpc, compression off",
    module: "./ours-plain.mjs",
    packages: ["aster-rpc"],
    workloads: ["W4"],
    note: "only W4, whose bytes compress to almost nothing; no other workload has messages large enough to compress",
  },
  "ours-gated": {
    title: "aster-rpc, with credentials",
    module: "./ours-gated.mjs",
    packages: ["aster-rpc"],
    workloads: ["W1", "W2"],
    note: "the server admits only credentials of its root key, and each method requires a role; only W1 and W2, where each call passes the gates",
  },
  "grpc-js": {
    title: "@grpc/grpc-js, TLS",
    module: "./grpc-js.mjs",
    packages: ["@grpc/grpc-js", "protobufjs"],
    note: "protobufjs static code; the stream is read with data events",
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
    note: "has only requests and one-way events; the adapter builds streams from events, 64 items in one write",
  },
  "iroh-raw": {
    title: "@number0/iroh, raw streams",
    module: "./iroh-raw.mjs",
    packages: ["@number0/iroh"],
    note: "no RPC layer: the adapter writes JSON and lengths on one stream for each call, without deadlines, errors and types. Its streams read and write arrays of numbers",
    // Bytes are passed as arrays of numbers, so the full amounts would take minutes in each round. The rate is the same.
    share: { W3: 0.1, W4: 0.125 },
  },
};

/** Loads an adapter. A measured process loads only the adapter that it measures. */
export const loadPeer = (name) => import(peers[name].module);
