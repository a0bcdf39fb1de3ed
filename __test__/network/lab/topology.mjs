/**
 * A small internet of network namespaces: two hosts, each behind a router of its own, and a relay.
 *
 *     host a - router a - internet - router b - host b
 *                            |
 *                          relay
 *
 * Everything is made with `ip` and `nft` in the network namespace of this process, and goes with it.
 */
import { execFileSync } from "node:child_process";

const FAMILIES = ["v4", "v6"];

const PUBLIC = {
  v4: { wan: { a: "203.0.113.2", b: "203.0.113.6", relay: "203.0.113.10" }, bits: 30 },
  v6: { wan: { a: "2001:db8:a::2", b: "2001:db8:b::2", relay: "2001:db8:c::2" }, bits: 64 },
};
/** The other end of the link to the internet. */
const CORE = {
  v4: { a: "203.0.113.1", b: "203.0.113.5", relay: "203.0.113.9" },
  v6: { a: "2001:db8:a::1", b: "2001:db8:b::1", relay: "2001:db8:c::1" },
};
/** The networks between a host and its router: with addresses of the internet, and behind a NAT. */
const HOSTS = {
  v4: {
    public: { a: ["198.51.100.1", "198.51.100.2"], b: ["198.51.100.5", "198.51.100.6"], bits: 30 },
    hidden: { a: ["10.1.0.1", "10.1.0.2"], b: ["10.2.0.1", "10.2.0.2"], bits: 24 },
  },
  v6: {
    public: {
      a: ["2001:db8:1:a::1", "2001:db8:1:a::2"],
      b: ["2001:db8:1:b::1", "2001:db8:1:b::2"],
      bits: 64,
    },
    hidden: { a: ["fd00:a::1", "fd00:a::2"], b: ["fd00:b::1", "fd00:b::2"], bits: 64 },
  },
};

export const RELAY_ADDRESS = { v4: PUBLIC.v4.wan.relay, v6: PUBLIC.v6.wan.relay };

function run(command, args, input) {
  return execFileSync(command, args, { input, stdio: ["pipe", "pipe", "pipe"], encoding: "utf8" });
}

const ip = (...args) => run("ip", args);

/** The namespaces of one lane. Lanes do not see each other. */
export class Topology {
  #prefix;

  constructor(lane) {
    this.#prefix = `lane${lane}`;
    const names = ["core", "ra", "rb", "a", "b", "relay"];
    for (const name of names) ip("netns", "add", this.#name(name));
    // Before there are devices, because new ones take the defaults.
    for (const name of names) this.#prepare(name);
    for (const side of ["a", "b"]) {
      this.#link(["core", `to${side}`], [`r${side}`, "wan"]);
      this.#link([`r${side}`, "lan"], [side, "eth0"]);
    }
    this.#link(["core", "torelay"], ["relay", "eth0"]);
    for (const name of names) this.#up(name);
    for (const family of FAMILIES) this.#address(family);
  }

  #name(name) {
    return `${this.#prefix}-${name}`;
  }

  /** The command that runs another one in a namespace. */
  within(name) {
    return ["ip", "netns", "exec", this.#name(name)];
  }

  #in(name, ...args) {
    return run("ip", ["-n", this.#name(name), ...args]);
  }

  #link([one, first], [other, second]) {
    ip(
      "link",
      "add",
      first,
      "netns",
      this.#name(one),
      "type",
      "veth",
      "peer",
      "name",
      second,
      "netns",
      this.#name(other),
    );
  }

  #prepare(name) {
    const settings = [
      "/proc/sys/net/ipv4/ip_forward 1",
      "/proc/sys/net/ipv6/conf/all/forwarding 1",
      "/proc/sys/net/ipv4/conf/all/rp_filter 0",
      "/proc/sys/net/ipv4/conf/default/rp_filter 0",
      "/proc/sys/net/ipv6/conf/all/accept_dad 0",
      "/proc/sys/net/ipv6/conf/default/accept_dad 0",
    ];
    const script = settings.map((line) => line.split(" ")).map(([file, value]) => `echo ${value} > ${file}`);
    const [command, ...args] = [...this.within(name), "sh", "-c", script.join("; ")];
    run(command, args);
  }

  #up(name) {
    for (const line of this.#in(name, "-o", "link", "show").split("\n")) {
      const device = /^\d+: ([^:@]+)/.exec(line)?.[1];
      if (device !== undefined) this.#in(name, "link", "set", device, "up");
    }
  }

  #add(name, device, address, bits, family) {
    const extra = family === "v6" ? ["nodad"] : [];
    this.#in(name, "addr", "add", `${address}/${bits}`, "dev", device, ...extra);
  }

  #address(family) {
    const { wan, bits } = PUBLIC[family];
    const core = CORE[family];
    const flag = family === "v6" ? "-6" : "-4";
    for (const side of ["a", "b", "relay"]) {
      const [far, device] = side === "relay" ? ["relay", "eth0"] : [`r${side}`, "wan"];
      this.#add("core", `to${side}`, core[side], bits, family);
      this.#add(far, device, wan[side], bits, family);
      this.#in(far, flag, "route", "add", "default", "via", core[side]);
    }
    for (const side of ["a", "b"]) {
      const { public: own, hidden } = HOSTS[family];
      // The internet knows the way to the networks with its addresses, and to no hidden one.
      this.#in("core", flag, "route", "add", `${own[side][1]}`, "via", wan[side]);
      for (const network of [own, hidden])
        this.#add(`r${side}`, "lan", network[side][0], network.bits, family);
    }
  }

  /** Sets up one side: its NAT, whether UDP passes, and its families. */
  side(side, { nat, udp, families }) {
    this.#in(side, "addr", "flush", "dev", "eth0", "scope", "global");
    const hosts = {};
    for (const family of families) {
      const network = HOSTS[family][nat === "none" ? "public" : "hidden"];
      const [router, host] = network[side];
      hosts[family] = host;
      this.#add(side, "eth0", host, network.bits, family);
      this.#in(side, family === "v6" ? "-6" : "-4", "route", "replace", "default", "via", router);
    }
    this.rules(`r${side}`, ruleset(nat, udp, hosts));
  }

  /** Runs `ip` in a namespace. */
  ip(name, ...args) {
    return this.#in(name, ...args);
  }

  /** Blocks UDP of a side, or lets it pass again. */
  block(side, blocked) {
    this.#nft(
      `r${side}`,
      `flush chain inet filter through${blocked ? "; add rule inet filter through meta l4proto udp drop" : ""}`,
    );
  }

  /** Replaces the rules of a namespace. */
  rules(name, rules) {
    this.#nft(name, `flush ruleset\n${rules}`);
  }

  #nft(name, rules) {
    const [command, ...args] = [...this.within(name), "nft", "-f", "-"];
    run(command, args, rules);
  }
}

/**
 * The rules of a router. All kinds but `none` hide the host behind the address of the router.
 *
 * - endpoint-independent: one port for all destinations, and everybody can send to it.
 * - port-restricted: one port for all destinations, and only those can send to it whom the host has sent to.
 * - symmetric: another port for each destination.
 */
function ruleset(nat, udp, hosts) {
  const masquerade = {
    "endpoint-independent": "masquerade",
    "port-restricted": "masquerade",
    symmetric: "masquerade fully-random",
  };
  const inbound = Object.entries(nat === "endpoint-independent" ? hosts : {}).map(([family, host]) =>
    family === "v4"
      ? `iifname "wan" meta nfproto ipv4 meta l4proto udp dnat ip to ${host}`
      : `iifname "wan" meta nfproto ipv6 meta l4proto udp dnat ip6 to ${host}`,
  );
  return `
    table inet nat {
      chain pre { type nat hook prerouting priority -100; ${inbound.join("; ")}; }
      chain post { type nat hook postrouting priority 100; ${nat === "none" ? "" : `oifname "wan" ${masquerade[nat]}`}; }
    }
    table inet filter {
      # Without this, a packet that comes before the host has sent one takes the port that the host would get.
      chain in { type filter hook input priority 0; iifname "wan" meta l4proto udp drop; }
      chain through { type filter hook forward priority 0; ${udp ? "" : "meta l4proto udp drop"}; }
    }`;
}
