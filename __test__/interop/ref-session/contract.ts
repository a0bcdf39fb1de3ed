/** `RefSession`, the session service of the Python peers. */
import { bidiStream, clientStream, serverStream, service, unary } from "aster-rpc";
import {
  Ack,
  Blob,
  CallInfo,
  CountRequest,
  Empty,
  FailRequest,
  Item,
  MakeBlob,
  NumberMessage,
  SleepRequest,
  Sum,
} from "../ref-echo/contract.ts";

export const RefSession = service(
  "RefSession",
  { version: 1, scope: "session" },
  {
    add: unary(NumberMessage, Sum),
    get: unary(Empty, Sum),
    whoami: unary(Empty, CallInfo),
    make: unary(MakeBlob, Blob),
    fail: unary(FailRequest, Ack),
    sleep: unary(SleepRequest, Ack),
    count: serverStream(CountRequest, Item),
    sum: clientStream(NumberMessage, Sum),
    chat: bidiStream(Item, Item),
  },
);
