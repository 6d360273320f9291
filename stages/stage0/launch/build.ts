/** A digest of the sources, inserted by the build; undefined when the code runs unbuilt. */
declare const __POD_BUILD__: string | undefined;

export const BUILD: string | undefined = typeof __POD_BUILD__ === 'undefined' ? undefined : __POD_BUILD__;
