import { basename } from 'node:path'
import type { Registry } from 'prom-client'
import pkg from '../../package.json' with { type: 'json' }
import { type Option, single } from './options/option.js'
import { pattern } from './options/values.js'

/** How often the file is written. */
const INTERVAL_MS = 15_000

/** The option of every command; node_exporter reads no other names. */
export const metricsOption: Option<string | undefined> = single(
  'FILE',
  'write metrics to this file, in the Prometheus text format, for the textfile collector of node_exporter',
  pattern(/^[^\0]*[^\0/]\.prom$/, 'a file name that ends in .prom'),
)

/** Numbers of a command for a monitoring system; each is read when the file is written: soon, and every 15 s. */
export interface Metrics {
  /** What only grows; its name is to end in `_total`. */
  counter: (name: string, help: string, read: () => number) => void
  /** Counters that differ by a label, whose values are few and no text from outside. */
  counters: (name: string, help: string, label: string, read: () => ReadonlyMap<string, number>) => void
  gauge: (name: string, help: string, read: () => number) => void
  /** @returns takes one observation after the other; `bounds` are upper ends of its buckets */
  histogram: (name: string, help: string, bounds: readonly number[]) => (value: number) => void
  /** whether anybody reads them */
  readonly isOpen: boolean
  /** Writes it for the last time. */
  finish: () => Promise<void>
}

const NO_METRICS: Metrics = {
  counter() {},
  counters() {},
  gauge() {},
  histogram: () => () => {},
  isOpen: false,
  async finish() {},
}

export const NEWEST_HELP = 'the newest time of a record, by the log; 0 before the first'

/**
 * Numbers named `<prefix>_<name>`, labelled with the jail: the name of the file without `.prom`, so that the
 * files of many apps go together. The library is only loaded when a file is asked for. A file that cannot be
 * written is told, and no reason to stop: no ban is given up for the sake of a number.
 */
export async function openMetrics(
  prefix: string,
  file: string | undefined,
  warn: (message: string) => void,
  intervalMs = INTERVAL_MS,
): Promise<Metrics> {
  if (file === undefined) return NO_METRICS
  const [{ replaceFile }, { Counter, Gauge, Histogram, Registry }] = await Promise.all([
    import('../files/replace-file.js'),
    import('prom-client'),
  ])
  const registry = new Registry()
  registry.setDefaultLabels({ jail: basename(file, '.prom') })

  // node_exporter passes over what does not end in .prom, as drafts
  const write = async () => {
    await replaceFile(file, await registry.metrics())
  }
  let writing = Promise.resolve()
  let broken = false
  const settle = (error?: Error) => {
    if (error && !broken) warn(`--metrics: ${error.message}`)
    broken = error !== undefined
  }
  await write().catch(settle)
  const writeNext = () => {
    writing = writing.then(write).then(() => settle(), settle)
    return writing
  }
  const timer = setInterval(writeNext, intervalMs).unref()
  let soon: NodeJS.Immediate | undefined

  // when all that is told in one breath is told
  const onNew = () => {
    soon ??= setImmediate(() => {
      soon = undefined
      writeNext()
    })
  }
  const collectors = collectorsIn(registry, prefix, { Counter, Gauge, Histogram }, onNew)
  return {
    ...collectors,
    isOpen: true,
    finish() {
      clearInterval(timer)
      clearImmediate(soon)
      return writeNext()
    },
  }
}

/** Makes the metrics of a registry. @param onNew is called with each of them */
function collectorsIn(
  registry: Registry,
  prefix: string,
  { Counter, Gauge, Histogram }: Pick<typeof import('prom-client'), 'Counter' | 'Gauge' | 'Histogram'>,
  onNew: () => void,
): Pick<Metrics, 'counter' | 'counters' | 'gauge' | 'histogram'> {
  const common = (name: string, help: string) => {
    onNew()
    return { name: `${prefix}_${name}`, help, registers: [registry] }
  }
  new Gauge({ ...common('build_info', 'the version; its value is 1'), labelNames: ['version'] }).set(
    { version: pkg.version },
    1,
  )
  return {
    counters(name, help, label, read) {
      new Counter({
        ...common(name, help),
        labelNames: [label],
        collect() {
          this.reset()
          for (const [value, count] of read()) this.inc({ [label]: value }, count)
        },
      })
    },
    counter(name, help, read) {
      new Counter({
        ...common(name, help),
        collect() {
          this.reset()
          this.inc(read())
        },
      })
    },
    gauge(name, help, read) {
      new Gauge({
        ...common(name, help),
        collect() {
          this.set(read())
        },
      })
    },
    histogram(name, help, bounds) {
      const histogram = new Histogram({ ...common(name, help), buckets: [...bounds] })
      return value => histogram.observe(value)
    },
  }
}
