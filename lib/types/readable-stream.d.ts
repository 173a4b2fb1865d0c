// through2 is typed over readable-stream, which the bundles replace by node:stream itself
declare module 'readable-stream' {
  export { Transform, type TransformOptions } from 'node:stream'
}
