import { mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { EXIT, ExitError, messageOf } from '../../exit.js'
import { replaceFile } from '../../files/replace-file.js'
import { shellWord } from '../../xff-import/shell.js'
import { PLACES } from '../jails.js'
import { isJailName } from '../settings.js'
import type { Ask } from './ask.js'
import { type Choice, chooseSite, type Told } from './choose.js'
import { lookAt } from './look.js'
import { type Machine, machineAt } from './machine.js'
import { type NewFile, type Plan, planFor } from './plan.js'
import { type Fate, planText } from './text.js'

export interface SetupOptions extends Told {
  /** where settings files are */
  folder: string
  /** the folder below which the machine is that is looked at */
  root: string
  /** where the drop-ins of the unit are that come with us */
  dropIns: string
  ini: string | undefined
  write: boolean
}

/**
 * Looks how requests come to an app, and tells what has to be set up so that its attackers are banned. Writes the files
 * of the jail alone, and these only if asked to; what was answered at a terminal is shown before it is written.
 * @returns what people read
 * @throws RangeError where something has to be known that is not
 * @throws ExitError where a file cannot be written, or whoever is asked leaves
 */
export async function setUp(options: SetupOptions): Promise<string> {
  const { folder } = options
  let isAsked = false
  const ask: Ask | undefined =
    options.ask &&
    (async question => {
      isAsked = true
      return (await options.ask?.(question)) ?? ''
    })
  const machine = machineAt(options.root)
  const looked = await lookAt(machine, options.ini)
  const choice = await chooseSite(looked, { ...options, ask })
  const name = options.name ?? choice.site.name
  if (!isJailName(name))
    throw new RangeError(`expected up to 28 letters, digits and _.- for NAME, got ${JSON.stringify(name)}`)
  const plan = planFor(
    choice.site,
    {
      ...{ name, folder, listeners: looked.listeners, again: againOf({ ...options, ...choice, name }) },
      dropIn: name => readFileSync(join(options.dropIns, `${name}.conf`), 'utf8'),
    },
    choice,
  )
  plan.warnings.push(...(machine.isThere(plan.log) ? [] : [`${plan.log} is not there now`]), ...looked.unread)
  const fates = new Map(plan.files.map(file => [file, fateOf(file, machine)]))
  const text = () => planText(plan, fates)
  if (options.write && !isAsked) await write(plan, fates, machine)
  const isOpen = [...fates.values()].includes('new') && ![...fates.values()].includes('other')
  if (!ask || !isOpen) return text()
  const answer = await ask({ text: `${text()}\nWrite what is to be written?`, choices: ['no', 'yes'] })
  if (answer === 'no') return 'Nothing is written.\n'
  await write(plan, fates, machine)
  return text()
}

/** The command that writes what is shown, and asks for nothing but for what stands before the front end. */
function againOf({
  name,
  folder,
  root,
  ini,
  front,
  port,
  log,
  trust,
}: Omit<SetupOptions & Choice, 'name'> & { name: string }): string {
  const given = [
    ['--folder', folder === PLACES.settings ? undefined : folder],
    ['--root', root === '/' ? undefined : root],
    ...[['--ini', ini] as const, ['--front', front] as const, ['--port', port] as const],
    ...[['--log', log] as const, ...trust.map(range => ['--trust', range] as const)],
  ] as const
  const words = given.flatMap(([option, value]) => (value === undefined ? [] : [option, String(value)]))
  return ['xff-jail', 'setup', name, ...words, '--write'].map(shellWord).join(' ')
}

function fateOf({ path, text, keeps }: NewFile, machine: Machine): Fate {
  const there = machine.text(path)
  if (there === undefined) return 'new'
  return keeps || there === text ? 'same' : 'other'
}

async function write({ files }: Plan, fates: Map<NewFile, Fate>, machine: Machine): Promise<void> {
  const other = files.find(file => fates.get(file) === 'other')
  if (other)
    throw new RangeError(
      `${other.path} says something else: move it away, or set up a jail with another NAME`,
    )
  for (const file of files.filter(one => fates.get(one) === 'new')) {
    try {
      mkdirSync(dirname(machine.place(file.path)), { recursive: true })
      await replaceFile(machine.place(file.path), file.text)
      fates.set(file, 'written')
    } catch (error) {
      throw new ExitError(`cannot write ${file.path}: ${messageOf(error)}`, EXIT.io, { cause: error })
    }
  }
}
