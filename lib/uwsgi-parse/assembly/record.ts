import { ascii, copy, putText } from '../../fast/assembly/bytes'
import {
  BYTES,
  IP,
  METHOD,
  MSECS,
  PROTOCOL,
  STATUS,
  TIME,
  TYPE,
  URI,
  VIA,
} from '../../fast/assembly/request-json'
import { isListed, putClientJson } from './client'
import { putTime } from './clock'
import { commit, reserve } from './output'
import {
  methodEnd,
  methodStart,
  msecsEnd,
  msecsStart,
  protocolEnd,
  protocolStart,
  sizeEnd,
  sizeStart,
  slotEnd,
  slotStart,
  uriEnd,
  uriStart,
} from './scan-line'

const END_VIA = ascii('"}\n')
const END = ascii('}\n')
/** More than all that stands between the parts, the time and the address come to. */
const AROUND: usize = 256

/** Writes the record of the line that was last taken apart. */
export function write(time: f64, client: usize, status: usize): void {
  let at = reserve(slotEnd - slotStart + (protocolEnd - methodStart) + AROUND)
  at = putTime(putText(putText(at, TYPE), TIME), time)
  at = putClientJson(putText(at, IP), client)
  at = copy(putText(at, STATUS), status, 3)
  at = copy(putText(at, METHOD), methodStart, methodEnd - methodStart)
  at = copy(putText(at, URI), uriStart, uriEnd - uriStart)
  at = copy(putText(at, PROTOCOL), protocolStart, protocolEnd - protocolStart)
  at = copy(putText(at, BYTES), sizeStart, sizeEnd - sizeStart)
  at = copy(putText(at, MSECS), msecsStart, msecsEnd - msecsStart)
  if (isListed(client)) at = putText(copy(putText(at, VIA), slotStart, slotEnd - slotStart), END_VIA)
  else at = putText(at, END)
  commit(at)
}
