import { inboxOf, namesOf } from './nats/names.js'

/** A user of the servers: a name, and the public key that it shows itself with. */
export interface User {
  name: string
  key: string
}

export interface Users {
  host: readonly User[]
  counter: readonly User[]
  operator: readonly User[]
  admin: readonly User[]
}

/**
 * The accounts for nats-server.conf: who may do what. What is not allowed here is refused. Nobody but admins can delete,
 * purge, or change a stream, and what somebody writes has his name.
 */
export function authConfig(fleet: string, { host, counter, operator, admin }: Users): string {
  const names = namesOf(fleet)
  const [requests, bans] = [names.stream('requests'), names.stream('bans')]
  const readBans = [`$JS.API.STREAM.INFO.${bans}`, `$JS.API.DIRECT.GET.${bans}`]
  const readRequests = [
    `$JS.API.STREAM.INFO.${requests}`,
    `$JS.API.CONSUMER.CREATE.${requests}.>`,
    `$JS.API.CONSUMER.MSG.NEXT.${requests}.>`,
    `$JS.API.CONSUMER.DELETE.${requests}.>`,
  ]
  const seeAll = [
    ...[requests, bans].map(stream => `$JS.API.CONSUMER.LIST.${stream}`),
    `$JS.API.STREAM.INFO.${requests}`,
    `$JS.API.DIRECT.GET.${requests}.${names.subject('requests', '*')}`,
  ]
  const lines = (users: readonly User[], kind: string, publish: (name: string) => readonly string[]) =>
    users.flatMap(({ name, key }) => [
      `      # ${kind} ${name}`,
      `      { nkey: ${key}, permissions: {`,
      `        publish: { allow: ${list(publish(name))} }`,
      `        subscribe: { allow: ${list([`${inboxOf(name)}.>`, names.heard('>')])} } } }`,
    ])
  return [
    '# printed by xff-bus setup --print-auth',
    'accounts {',
    '  XFF_JAIL {',
    '    jetstream: enabled',
    '    users: [',
    ...lines(host, 'host', name => [
      names.subject('requests', name),
      `$JS.API.DIRECT.GET.${requests}.${names.subject('requests', name)}`,
      ...readBans,
    ]),
    ...lines(counter, 'counter', name => [names.subject('bans', name), ...readRequests, ...readBans]),
    ...lines(operator, 'operator', name => [names.subject('bans', name), ...seeAll, ...readBans]),
    ...admin.flatMap(({ name, key }) => [`      # admin ${name}: everything`, `      { nkey: ${key} }`]),
    '    ]',
    '  }',
    '  SYS { users: [] }',
    '}',
    'system_account: SYS',
    '',
  ].join('\n')
}

function list(subjects: readonly string[]): string {
  return `[${subjects.map(subject => `"${subject}"`).join(', ')}]`
}
