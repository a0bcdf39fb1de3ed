/**
 * What happens to live calls. The client is host a, the server host b.
 *
 * The names are those of the tests and of the table in docs/network.md.
 *
 * `nats`: of the client and the server. `begins`, `ends`: the kind of path before and after. `act`: what happens; it returns when the
 * network is as it stays.
 */

/** Another address of the host, behind the same router. */
function renumber(topology, side) {
  const [old, next] = side === "a" ? ["10.1.0.2", "10.1.0.3"] : ["10.2.0.2", "10.2.0.3"];
  topology.ip(side, "addr", "add", `${next}/24`, "dev", "eth0");
  topology.ip(side, "addr", "del", `${old}/24`, "dev", "eth0");
  topology.ip(side, "addr", "replace", `${next}/24`, "dev", "eth0");
  topology.ip(side, "route", "replace", "default", "via", old.replace(/\.2$/, ".1"));
}

const hidden = ["port-restricted", "port-restricted"];
const lid = (ms) => ({
  nats: hidden,
  begins: "direct",
  ends: "direct",
  async act({ a, delay }) {
    a.signal("SIGSTOP");
    await delay(ms);
    a.signal("SIGCONT");
  },
});

export const events = {
  "the client gets another address": {
    nats: hidden,
    begins: "direct",
    ends: "direct",
    act: async ({ topology }) => renumber(topology, "a"),
  },
  "the server gets another address": {
    nats: hidden,
    begins: "direct",
    ends: "direct",
    act: async ({ topology }) => renumber(topology, "b"),
  },
  "both get another address at once": {
    nats: hidden,
    begins: "direct",
    ends: "direct",
    async act({ topology }) {
      renumber(topology, "a");
      renumber(topology, "b");
    },
  },
  "UDP is blocked and passes again: direct, relay, direct": {
    nats: hidden,
    begins: "direct",
    ends: "direct",
    async act({ topology, more }) {
      topology.block("a", true);
      await more("relay");
      topology.block("a", false);
    },
  },
  "the relay is restarted while it is used": {
    nats: ["symmetric", "symmetric"],
    begins: "relay",
    ends: "relay",
    act: ({ restartRelay }) => restartRelay(),
  },
  "the client is stopped for 5 s": lid(5000),
};
