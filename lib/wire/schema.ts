import type { Field } from './field.js'
import { INSTANT } from './instant.js'
import { RECORDS } from './record.js'

/** The JSON Schema (2020-12) of a line; it says what `readRecord` says, except that the 31st of February passes. */
export function recordSchema(): object {
  const answer = { status: { $ref: '#/$defs/count' }, method: { type: 'string' }, uri: { type: 'string' } }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'A line between the commands of xff-jail',
    $defs: {
      null: { type: 'null' },
      instant: { type: 'string', pattern: INSTANT.source },
      address: { type: 'string', anyOf: [{ format: 'ipv4' }, { format: 'ipv6' }] },
      target: { type: 'string', pattern: '^[0-9A-Fa-f:.]+(%[^/]+)?(/[0-9]{1,3})?$' },
      text: { type: 'string' },
      texts: { type: 'object', additionalProperties: { type: 'string' } },
      names: { type: 'array', items: { type: 'string' } },
      count: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
      number: { type: 'number', minimum: 0 },
      answer: { type: 'object', properties: answer },
    },
    oneOf: Object.entries(RECORDS).map(([type, fields]) => schemaOf(type, Object.entries<Field>(fields))),
  }
}

function schemaOf(type: string, fields: readonly (readonly [string, Field])[]): object {
  return {
    title: type,
    type: 'object',
    required: fields.filter(([, { required }]) => required).map(([name]) => name),
    properties: Object.fromEntries(
      fields.map(([name, { kinds }]) => [
        name,
        name === 'type' ? { const: type } : { anyOf: kinds.map(kind => ({ $ref: `#/$defs/${kind}` })) },
      ]),
    ),
  }
}
