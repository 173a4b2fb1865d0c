/**
 * What `make` compiles from a folder `assembly`: WebAssembly, as base64. package.json says where it lies: as the bundler
 * sees it from the root, and as the tests do from `build`, where there is a copy of that file.
 */
declare module '#assembly/*' {
  const code: string
  export default code
}
