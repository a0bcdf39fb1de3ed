// Serving the services of a node in this thread.
//
// Owns: connecting implementations with the addon. Does not own: the options of serving (serve-options.ts), the endpoint
// (node/endpoint.ts), single calls (call.ts).

import type { CalledPeers } from "../client/called-peers.js";
import { AsterError, Code } from "../errors.js";
import { type Logger, logSafely } from "../logging.js";
import { CALL_CODECS, limitDecoded } from "../message.js";
import type { ServedService } from "../native/documents.js";
import { controlCall } from "../native/index.js";
import type { Port } from "../port/port.js";
import type { Capability } from "../schema/capability.js";
import { type BoundMethod, type BoundService, bindService } from "../service/binding.js";
import { checkManifest } from "../service/manifests.js";
import { checkedCodec, type UnknownMembers } from "../service/unknown-members.js";
import { MethodAcceptor } from "./acceptor.js";
import { answerQuestions, type CheckedAccess } from "./access.js";
import { GraceWatch } from "./failure.js";
import { type Implementation, implementationOf } from "./implement.js";
import { interceptedRun, type ServerInterceptor } from "./interceptors.js";
import type { Run } from "./served-method.js";
import { ServedSession } from "./served-session.js";

/** What is served. */
export interface Serving {
  readonly services: readonly Implementation[];
  /** Who may connect. Undefined: nobody; the services answer only calls back of servers that this node dials. */
  readonly access: CheckedAccess | undefined;
  /** The peers of the node, which can be called back. */
  readonly called: CalledPeers;
  readonly interceptors: readonly ServerInterceptor[];
  readonly maxCallMs: number;
  readonly compress: "auto" | "always" | "never";
  readonly maxDecodedBytes: number;
  readonly logger: Logger;
  readonly unknownMembers: UnknownMembers;
}

const NO_CONTRACT_ID = "0".repeat(64);

/** Services that are being served. */
export interface Served {
  /** Stops to answer calls. Sessions end after their running call. Calling it twice is safe. */
  stop(): void;
  /** Settles when all sessions are over and cleaned up. */
  cleaned(): Promise<void>;
}

/** Starts to answer calls. */
export function startServing(port: Port, node: number, serving: Serving): Served {
  const bound = serving.services.map((implementation) => bindService(implementation.service));
  checkManifest(bound);
  const served = bound.map((service) => servedService(service, serving));
  // Calls arrive through the event loop, so none can arrive before this function has registered the handles.
  const { access, logger } = serving;
  const stopAnswering = access?.admit ? answerQuestions(port, node, access.admit, logger) : null;
  let handles: number[][];
  try {
    handles = controlCall((native) =>
      access === undefined
        ? native.nodeServeBack(port.number, node, served)
        : native.nodeServe(port.number, node, served, access?.native ?? null),
    );
  } catch (error) {
    stopAnswering?.();
    throw error;
  }
  const grace = new GraceWatch(serving.logger);
  const open = new Set<ServedSession>();
  for (const [index, service] of bound.entries()) {
    const implemented = implementationOf(serving.services[index], `services[${index}]`);
    if ("open" in implemented) {
      const served = {
        service: service.definition.name,
        logger: serving.logger,
        called: serving.called,
        make: implemented.open,
        open,
      };
      port.sessions.accept((handles[index] as number[])[0] as number, {
        accept: (session) => new ServedSession(port, session, served),
      });
    }
    for (const [at, method] of service.methods.entries()) {
      const { key } = method.definition;
      const run: Run = "open" in implemented ? inSession(key) : (implemented.handlers.get(key) as Run);
      const acceptor = acceptorOf(port, service, method, run, serving, grace);
      port.acceptCalls((handles[index] as number[])[at] as number, acceptor);
    }
  }
  port.keepAlive.hold();
  let stopped = false;
  return {
    stop(): void {
      if (stopped) return;
      stopped = true;
      port.keepAlive.release();
      stopAnswering?.();
      for (const session of open) session.close(new AsterError(Code.UNAVAILABLE, "the server is closing"));
      for (const handle of handles.flat()) {
        port.refuseCalls(handle);
        port.sessions.refuse(handle);
      }
    },
    async cleaned(): Promise<void> {
      await Promise.all([...open].map((session) => session.cleaned()));
    },
  };
}

/** The handler of a method of a session: that of the instance of the session. */
function inSession(key: string): Run {
  return (input, context) => (context.session as ServedSession).invoke(key, input, context);
}

function servedService(service: BoundService, serving: Serving): ServedService {
  const { maxCallMs, compress, maxDecodedBytes, logger } = serving;
  const { name, version, modes, scope, requires } = service.definition;
  return {
    name,
    version,
    modes,
    scope,
    contractId: announcedId(service, logger),
    plan: service.plan,
    document: service.documentText,
    maxCallMs,
    compress,
    maxDecodedBytes,
    requires: requirement(requires),
    methods: service.methods.map(({ definition, requestRoot, responseRoot }) => ({
      name: definition.wireName,
      pattern: definition.pattern,
      request: requestRoot,
      response: responseRoot,
      requires: requirement(definition.requires),
    })),
  };
}

function requirement(requires: Capability | null): string | null {
  return requires === null ? null : JSON.stringify(requires);
}

/** The contract id to announce. Without one, a placeholder: clients that do not check the id can still call the service. */
function announcedId(service: BoundService, logger: Logger): string {
  const { contractId, problem } = service.contract;
  if (contractId !== null) return contractId;
  logSafely(() =>
    logger.warn("a service is announced without a contract id", {
      service: service.definition.name,
      problem,
    }),
  );
  return NO_CONTRACT_ID;
}

function acceptorOf(
  port: Port,
  service: BoundService,
  method: BoundMethod,
  handler: Run,
  serving: Serving,
  grace: GraceWatch,
): MethodAcceptor {
  const { requestStream, responseStream, request, response, native, definition } = method;
  const { name, version } = service.definition;
  const { wireName, idempotent } = definition;
  const facts = {
    service: name,
    version,
    method: wireName,
    requestStream,
    responseStream,
    idempotent,
    [CALL_CODECS]: method.tools,
  };
  const run = interceptedRun(handler, facts, serving.interceptors);
  const label = `${name}.${wireName}`;
  return new MethodAcceptor(port, {
    label,
    requestStream,
    responseStream,
    request: limitDecoded(request, serving.maxDecodedBytes),
    response: checkedCodec(response, definition.response, serving.unknownMembers),
    native: native && {
      request: limitDecoded(native.request, serving.maxDecodedBytes),
      response: checkedCodec(native.response, definition.response, serving.unknownMembers),
    },
    run,
    logger: serving.logger,
    called: serving.called,
    grace,
  });
}
