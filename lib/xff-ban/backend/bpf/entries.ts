import { BackendError } from '../backend.js'
import { textValue } from './answer-text.js'
import {
  COUNTERS_SIZE,
  type DeviceRow,
  deviceKey,
  deviceValue,
  jailKey,
  jailOfPort,
  jailOfRange,
  nameValue,
  type Policy,
  portKey,
  portOf,
  portValue,
  rangeKey,
  readName,
  TRUSTED,
  targetKey,
} from './contract.js'
import { createRow, type Row, readRows, type Step, writeRows } from './maps.js'
import type { Pins, Table } from './pins.js'

/** How many names there may be (MAX_PORTS of contract.h). */
const MAX_JAILS = 64
/** How many rows `targets` and `devices` may have (contract.h). */
const MAX_TARGETS = 1024
const MAX_DEVICES = 16_384

/** The id of a jail by its name; undefined when it has none. */
export async function findJail(pins: Pins, name: string): Promise<number | undefined> {
  const jails = await readRows(pins.table('jails'))
  const row = [...jails.values()].find(({ value }) => readName(value) === name)
  return row && portOf(row.key)
}

/** The id of a jail, its own from now on: the lowest that is free. */
export async function claimJail(pins: Pins, name: string): Promise<number> {
  for (let attempt = 0; attempt < MAX_JAILS; attempt++) {
    const known = await findJail(pins, name)
    if (known !== undefined) return known
    const taken = new Set([...(await readRows(pins.table('jails'))).values()].map(({ key }) => portOf(key)))
    const id = Array.from({ length: MAX_JAILS }, (_, i) => i + 1).find(id => !taken.has(id))
    if (id === undefined) break
    // another name may be quicker; then look again
    if (await createRow(pins.table('jails'), { key: jailKey(id), value: nameValue(name) })) return id
  }
  throw new BackendError(`--name ${name}: expected at most ${MAX_JAILS} names with bans in the kernel`)
}

/** Whose a port is, where it is another name's. */
export async function ownerOfPort(pins: Pins, name: string, port: number): Promise<string | undefined> {
  const row = (await readRows(pins.table('ports'))).get(portKey(port).toString('hex'))
  if (!row) return undefined
  const jails = await readRows(pins.table('jails'))
  const jail = jails.get(jailKey(jailOfPort(row.value)).toString('hex'))
  const owner = jail && readName(jail.value)
  return owner === name ? undefined : owner
}

/** What `reconcile` found. */
interface Found {
  /** how many rows were missing or wrong */
  wrong: number
  /** the keys of those too many, which are removed */
  extra: Buffer[]
}

/** Makes the rows of one jail in a table what they should be; the new stand before the old are removed. */
async function reconcile(pin: string, wanted: readonly Row[], isOurs: (row: Row) => boolean): Promise<Found> {
  const there = await readRows(pin)
  const hexes = new Set(wanted.map(({ key }) => key.toString('hex')))
  const wrong = wanted.filter(
    ({ key, value }) => there.get(key.toString('hex'))?.value.equals(value) !== true,
  )
  const extra = [...there].flatMap(([hex, row]) => (isOurs(row) && !hexes.has(hex) ? row.key : []))
  await writeRows(pin, [...wrong, ...extra.map((key): Step => ({ key }))])
  return { wrong: wrong.length, extra }
}

/** @returns how many were missing */
export async function reconcileTrust(pins: Pins, jail: number, ranges: readonly string[]): Promise<number> {
  const wanted = ranges.map(range => ({ key: rangeKey(jail, range), value: TRUSTED }))
  const { wrong } = await reconcile(pins.table('trust'), wanted, ({ key }) => jailOfRange(key) === jail)
  return wrong
}

/** What the ports answer, where it is not the built-in text. @returns how many were missing */
export async function reconcileText(pins: Pins, jail: number, policy: Policy): Promise<number> {
  const { answer, answerText } = policy
  const key = jailKey(jail)
  const isOurs = (row: Row) => row.key.equals(key)
  const hasText = answerText !== undefined && (answer === '403' || answer === '429')
  const wanted = hasText ? [{ key, value: textValue(answer, answerText) }] : []
  const { wrong } = await reconcile(pins.table('texts'), wanted, isOurs)
  return wrong
}

/** What NAT of this host makes of a port. */
export interface Translation {
  port: number
  to: { address: string; port: number }
}

/** Where requests to the ports are looked at as they leave. @returns how many were missing */
export async function reconcileTargets(
  pins: Pins,
  ports: readonly number[],
  translations: readonly Translation[],
): Promise<number> {
  const isOurs = (port: number) => ports.includes(port)
  const rows = new Map<string, Row>()
  for (const { port, to } of translations.slice(0, MAX_TARGETS)) {
    const key = targetKey(to.address, to.port)
    if (isOurs(port)) rows.set(key.toString('hex'), { key, value: portKey(port) })
  }
  const { wrong } = await reconcile(pins.table('targets'), [...rows.values()], ({ value }) =>
    isOurs(portOf(value)),
  )
  return wrong
}

/** What the kernel program knows of the devices, by their numbers, from now on. */
export async function reconcileDevices(pins: Pins, devices: ReadonlyMap<number, DeviceRow>): Promise<void> {
  const wanted = [...devices]
    .slice(0, MAX_DEVICES)
    .map(([index, row]) => ({ key: deviceKey(index), value: deviceValue(row) }))
  await reconcile(pins.table('devices'), wanted, () => true)
}

/**
 * From here on the ports are policed.
 * @param translated those from which NAT leads to `targets`
 * @returns how many were missing
 */
export async function reconcilePorts(
  pins: Pins,
  jail: number,
  ports: readonly number[],
  translated: ReadonlySet<number>,
  policy: Policy,
): Promise<number> {
  for (const port of ports) {
    await createRow(pins.table('stats'), { key: portKey(port), value: Buffer.alloc(COUNTERS_SIZE) })
  }
  const wanted = ports.map(port => ({
    key: portKey(port),
    value: portValue(jail, policy, translated.has(port)),
  }))
  const isOurs = ({ value }: Row) => jailOfPort(value) === jail
  const { wrong, extra } = await reconcile(pins.table('ports'), wanted, isOurs)
  await writeRows(
    pins.table('stats'),
    extra.map(key => ({ key })),
  )
  return wrong
}

/** Removes all rows of a jail, its ports first. */
export async function removeJail(pins: Pins, jail: number): Promise<void> {
  const keys = async (table: Table, isOurs: (row: Row) => boolean) =>
    [...(await readRows(pins.table(table))).values()].filter(isOurs).map(({ key }): Step => ({ key }))
  const isOurs = ({ key }: Row) => jailOfRange(key) === jail
  const ports = await keys('ports', ({ value }) => jailOfPort(value) === jail)
  const given = ports.map(({ key }) => key.toString('hex'))
  await writeRows(
    pins.table('targets'),
    await keys('targets', ({ value }) => given.includes(value.toString('hex'))),
  )
  await writeRows(pins.table('ports'), ports)
  await writeRows(pins.table('stats'), ports)
  await writeRows(pins.table('texts'), await keys('texts', ({ key }) => key.equals(jailKey(jail))))
  for (const table of ['bans', 'trust'] as const) {
    await writeRows(pins.table(table), await keys(table, isOurs))
  }
  await writeRows(pins.table('jails'), [{ key: jailKey(jail) }])
}

/** Whether any name has bans in the kernel, or is about to. */
export async function hasJails(pins: Pins): Promise<boolean> {
  return (await readRows(pins.table('jails'))).size > 0
}
