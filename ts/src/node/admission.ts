// The admission of a client: the credential that it presents, and its renewal.
//
// Owns: what a client knows of its admission, watching the file of the credential, and the warning before the credential ends.
// Does not own: reading credentials, the exchange (Rust).

import { stat } from "node:fs";
import type { CheckedCredential } from "../client/client-options.js";
import type { Connection } from "../client/connection.js";
import { type Logger, logSafely } from "../logging.js";
import type { OwnCredential } from "../native/documents.js";
import { controlCall } from "../native/index.js";

/**
 * As what a server has admitted a client.
 *
 * @example
 * const { roles, expiresAt }: Admission = client.admission;
 * console.log([...roles], expiresAt);
 */
export interface Admission {
  /** The roles of the credential. Empty without one. */
  readonly roles: ReadonlySet<string>;
  /** The attributes, as the server read them from the credential. */
  readonly attributes: ReadonlyMap<string, string>;
  /** The time when the credential ends; null without one. */
  readonly expiresAt: Date | null;
  /** The days until then, counted now, with fractions; 0 after it. Null without a credential. */
  readonly daysLeft: number | null;
  /** The root key that signed the credential: 64 hexadecimal digits. Null without a credential. */
  readonly rootPublicKey: string | null;
}

/** How often the file of the credential is looked at. */
const WATCH_MS = 1000;
/** How long a credential that was not accepted waits for the next try: first, and at most. */
const RETRY_MS = 1000;
const LONGEST_RETRY_MS = 60_000;
/** The part of the lifetime that is left when the warning is logged. */
const WARNED_PART = 0.2;
const DAY_MS = 86_400_000;
/** The longest time that a timer can wait. */
const LONGEST_TIMER_MS = 0x7fff_ffff;

/** Reads the credential that a client presents. */
export function ownCredential(source: CheckedCredential | undefined): OwnCredential | null {
  if (source === undefined) return null;
  return controlCall((native) => native.ownCredential(source.text, source.file, source.peer));
}

/** Keeps the admission of one connection. */
export class AdmissionKeeper {
  readonly #connection: Connection;
  readonly #source: CheckedCredential | undefined;
  readonly #logger: Logger;
  readonly #watch: NodeJS.Timeout | null = null;
  /** What the file of the credential looked like last; null before the first look, which reads it again in any case. */
  #stamp: string | null = null;
  #own: OwnCredential | null;
  #since = Date.now();
  #admission: Admission;
  #timer: NodeJS.Timeout | null = null;
  #retry: NodeJS.Timeout | null = null;
  #retryMs = RETRY_MS;
  #renewing = false;
  #changed = false;
  #closed = false;

  constructor(
    connection: Connection,
    source: CheckedCredential | undefined,
    own: OwnCredential | null,
    logger: Logger,
  ) {
    this.#connection = connection;
    this.#source = source;
    this.#own = own;
    this.#logger = logger;
    this.#admission = admissionOf(own, connection.attributes);
    if (typeof source?.file === "string") {
      const { file } = source;
      this.#watch = setInterval(() => this.#look(file), WATCH_MS);
      this.#watch.unref();
    }
    this.#planWarning();
  }

  get admission(): Admission {
    return this.#admission;
  }

  /** Stops watching. Calling it twice is safe. */
  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#retry !== null) clearTimeout(this.#retry);
    if (this.#watch !== null) clearInterval(this.#watch);
  }

  /** Looks whether the file has changed. It may have changed between the first reading and the first look. */
  #look(file: string): void {
    stat(file, (error, seen) => {
      const stamp = error === null ? `${seen.ino} ${seen.size} ${seen.mtimeMs}` : String(error.code);
      if (this.#closed || stamp === this.#stamp) return;
      this.#stamp = stamp;
      this.#retryMs = RETRY_MS;
      void this.#renew();
    });
  }

  /** Presents the credential that the file has now, if it is another one. */
  async #renew(): Promise<void> {
    this.#changed = true;
    if (this.#renewing) return;
    this.#renewing = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    try {
      while (this.#changed && !this.#closed) {
        this.#changed = false;
        await this.#present(ownCredential(this.#source));
      }
    } catch (error) {
      if (!this.#closed) this.#tryLater(error);
    } finally {
      this.#renewing = false;
    }
  }

  /** The server may be away now, the credential may count only from a later time, or the file may be written just now. */
  #tryLater(error: unknown): void {
    const isFirst = this.#retryMs === RETRY_MS;
    if (isFirst) this.#warn("the new credential is not accepted yet, the one before stays in use", { error });
    this.#retry = setTimeout(() => void this.#renew(), this.#retryMs);
    this.#retry.unref();
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
  }

  async #present(own: OwnCredential | null): Promise<void> {
    if (own === null || own.document === this.#own?.document) return;
    const { attributes } = await this.#connection.readmit(own.document);
    this.#own = own;
    this.#since = Date.now();
    this.#admission = admissionOf(own, attributes);
    this.#planWarning();
    this.#connection.tell({ type: "admitted", expiresAt: new Date(own.expiresAtMs) });
    logSafely(() =>
      this.#logger.info("the admission was renewed", {
        peer: this.#connection.endpointId,
        expiresAt: this.#admission.expiresAt,
      }),
    );
  }

  /** The lifetime begins where the credential says so, else when this client read it. */
  #planWarning(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#own === null || this.#closed) return;
    const { notBeforeMs, expiresAtMs } = this.#own;
    const lifetime = expiresAtMs - (notBeforeMs ?? this.#since);
    const wait = expiresAtMs - lifetime * WARNED_PART - Date.now();
    const due = wait <= LONGEST_TIMER_MS;
    const fire = (): void => (due ? this.#warnOfEnd() : this.#planWarning());
    this.#timer = setTimeout(fire, Math.min(Math.max(wait, 0), LONGEST_TIMER_MS));
    this.#timer.unref();
  }

  #warnOfEnd(): void {
    const { expiresAt, daysLeft } = this.#admission;
    if (expiresAt !== null) this.#connection.tell({ type: "expires", expiresAt: new Date(expiresAt) });
    this.#warn("the credential ends soon: install a new one", { expiresAt, daysLeft });
  }

  #warn(message: string, fields: object): void {
    logSafely(() => this.#logger.warn(message, { peer: this.#connection.endpointId, ...fields }));
  }
}

function admissionOf(own: OwnCredential | null, attributes: Readonly<Record<string, string>>): Admission {
  return Object.freeze({
    roles: new Set(own?.roles ?? []),
    attributes: new Map(Object.entries(attributes)),
    expiresAt: own === null ? null : new Date(own.expiresAtMs),
    get daysLeft() {
      return own === null ? null : Math.max(0, own.expiresAtMs - Date.now()) / DAY_MS;
    },
    rootPublicKey: own?.rootPublicKey ?? null,
  });
}
