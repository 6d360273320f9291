/** What the build puts in: nothing is kept by code that has none. To be imported before the code that asks for it. */
export const TEST_BUILD = 'build-of-the-tests';
Object.assign(globalThis, { __POD_BUILD__: TEST_BUILD });
