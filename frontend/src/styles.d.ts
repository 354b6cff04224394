/** A style sheet that a script carries: `build.mjs` puts its text there. */
declare module "*.css" {
  const text: string;
  export default text;
}
