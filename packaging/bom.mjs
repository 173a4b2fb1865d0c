/**
 * Writes a software bill of materials in CycloneDX, for those who look for known faults:
 *
 *     node packaging/bom.mjs FILE NODE STATUS
 *
 * of the npm packages from which code is in dist (build/bundled.json); of the Node of the npm package in the folder NODE
 * and of the libraries in it, as far as it can be run here; and of the Debian packages in dpkg's STATUS file. `-` is none.
 * The same parts give the same bytes. It is compared with the published schema before it is written.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'

// beside what else is installed to build packages alone
const { Contrib, Enums, Models, Serialize, Spec, Validation } = createRequire(
  resolve('build/bom/package.json'),
)('@cyclonedx/cyclonedx-library')
const { ComponentType } = Enums
const [file, node, status] = process.argv.slice(2)
const json = path => JSON.parse(readFileSync(path, 'utf8'))
const licences = new Contrib.License.Factories.LicenseFactory()

function component(type, name, version, purl, more = {}) {
  const { licence, ...rest } = more
  const made = new Models.Component(type, name, { version, bomRef: purl, purl, ...rest })
  if (licence) made.licenses.add(licences.makeFromString(licence))
  return made
}

const { name, version, license } = json('package.json')
const bom = new Models.Bom()
bom.metadata.timestamp = new Date(Number(process.env.SOURCE_DATE_EPOCH ?? 0) * 1000)
bom.metadata.component = component(
  ComponentType.Application,
  name,
  version,
  `pkg:generic/${name}@${version}`,
  { licence: license },
)

for (const { name, version, license } of json('build/bundled.json'))
  bom.components.add(
    component(ComponentType.Library, name, version, `pkg:npm/${name.replace('@', '%40')}@${version}`, {
      licence: license,
    }),
  )

if (node !== '-') {
  const { version } = json(join(node, 'package.json'))
  const cpe = `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`
  bom.components.add(
    component(ComponentType.Platform, 'node', version, `pkg:generic/node@${version}`, { cpe }),
  )
  // that of another architecture cannot tell
  const { stdout } = spawnSync(join(node, 'bin/node'), ['-p', 'JSON.stringify(process.versions)'])
  const inside = Object.entries(JSON.parse(stdout?.toString() || '{}'))
  for (const [name, version] of inside.filter(([name]) => !['node', 'modules', 'napi'].includes(name)))
    bom.components.add(
      component(ComponentType.Library, name, version, `pkg:generic/${name}@${version}?in=node`),
    )
}

if (status !== '-') {
  for (const text of readFileSync(status, 'utf8').split('\n\n').filter(Boolean)) {
    const field = name => new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1]
    const [name, version, arch] = ['Package', 'Version', 'Architecture'].map(field)
    if (name !== 'xff-jail')
      bom.components.add(
        component(
          ComponentType.Library,
          name,
          version,
          `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${arch}`,
        ),
      )
  }
}

const text = new Serialize.JsonSerializer(
  new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6),
).serialize(bom, { sortLists: true, space: 1 })
const wrong = await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(text)
if (wrong !== null) throw new Error(`${file}: ${JSON.stringify(wrong)}`)
writeFileSync(file, `${text}\n`)
