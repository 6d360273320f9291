import { AF_INET, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM } from '../../linux/constants.ts';
import { ANSWER_KINDS } from '../../tape/format.ts';
import { type Program, type Sym, sym, type Tape, type Text } from '../../tape/program.ts';
import type { Position } from '../error.ts';
import type { Answer } from './answers.ts';

const BACKLOG = 128;
/** Long enough for a client that is swapped out, short enough that idle connections do not add up. */
const DEADLINE_MS = 5000;
/** struct sockaddr_in. */
const ADDRESS_BYTES = 16;
export const KEY_BYTES = 64;

/** What one start gives the service; bound at hand-off. */
export const METADATA_SYMBOLS: Readonly<Record<'address' | 'token' | 'key', Sym>> = {
  /** A struct sockaddr_in of the loopback. */
  address: sym('metadataAddress', ADDRESS_BYTES),
  /** 192 random bits, in the path of every request. */
  token: sym('metadataToken'),
  /** The host's key. */
  key: sym('metadataKey', KEY_BYTES),
};

/** In the pod's network namespace, so that its own loopback reaches it whatever the mode is. */
export function planMetadataSocket(pod: Tape, at: Position): void {
  const { program } = pod;
  const socket = program.reg('metadata');
  const reason = { at, why: "listen for the pod's metadata service" };
  pod.call('socket', [AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0], { ...reason, out: socket });
  pod.call('bind', [socket, program.bytes([METADATA_SYMBOLS.address]), ADDRESS_BYTES], reason);
  pod.call('listen', [socket, BACKLOG], reason);
}

/** The tape `serve`, which nobody plays: init looks its answers up. */
export function planAnswers(program: Program, answers: readonly Answer[], at: Position): void {
  const serve = program.tape({ purpose: 'serve' });
  const uuid = [sym('uuid')];
  serve.call(
    'tape.serve',
    [
      program.bytes([METADATA_SYMBOLS.key]),
      KEY_BYTES,
      serve.text(uuid),
      serve.lengthOf(uuid),
      program.reg('metadata'),
      DEADLINE_MS,
    ],
    { at, why: 'sign with this key' },
  );
  for (const answer of answers) planAnswer(serve, answer, at);
}

function planAnswer(serve: Tape, { kind, path, head, body }: Answer, at: Position): void {
  const target: Text = path === '' ? '' : ['/', METADATA_SYMBOLS.token, path];
  const whole: Text = typeof body === 'string' ? head + body : [head, ...body];
  serve.call(
    'tape.answer',
    [
      serve.text(target),
      serve.lengthOf(target),
      ANSWER_KINDS.indexOf(kind),
      serve.text(whole),
      head.length,
      serve.lengthOf(whole),
    ],
    { at, why: path === '' ? `answer what is ${kind}` : `answer ${kind} ${path}` },
  );
}
