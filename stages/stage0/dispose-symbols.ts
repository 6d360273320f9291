// Before all else of the library. A VM context, in which some test runners load it, has none of these symbols until Node 24; `using`, as
// compilers write it, then looks for the registered ones. Classes are to have the same.

for (const name of ['dispose', 'asyncDispose'] as const) {
  if ((Symbol as Partial<SymbolConstructor>)[name] === undefined)
    Object.defineProperty(Symbol, name, { value: Symbol.for(`Symbol.${name}`) });
}
