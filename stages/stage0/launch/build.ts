/** A digest of the sources, put in by the build; code that was not built for use has none. */
declare const __POD_BUILD__: string | undefined;

export const BUILD: string | undefined = typeof __POD_BUILD__ === 'undefined' ? undefined : __POD_BUILD__;
