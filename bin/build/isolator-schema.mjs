// schemas/isolators.v1.schema.json: what the isolators' own files say, in one schema the manifest's refers to.

const SCOPES = ['app', 'pod'];

/** `$defs.appIsolators` and `$defs.podIsolators` are what the two places accept; one further definition an isolator. */
export function composeIsolatorSchema(isolators) {
  const sorted = isolators.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const $defs = {};
  for (const scope of SCOPES) $defs[`${scope}Isolators`] = composeScope(sorted, scope);
  for (const isolator of sorted) $defs[slug(isolator.name)] = isolator.schema;
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'isolators.v1.schema.json',
    title: 'Isolators',
    description: 'Generated from stages/stage0/isolators; do not edit.',
    $defs,
  };
}

/** A JSON Pointer treats `/` as its own. */
export function slug(name) {
  return name.replaceAll('/', '-');
}

/** A map of names to values, or appc's list of `{name, value}`. */
function composeScope(isolators, scope) {
  const allowed = isolators.filter((isolator) => isolator.scopes.includes(scope));
  const owner = scope === 'app' ? 'the app' : 'the pod as a whole; it bounds its apps';
  return {
    title: 'isolators',
    description: `Limits and privileges of ${owner}: a map of isolators, or the list of \`{name, value}\` of appc.`,
    if: { type: 'array' },
    // No branch at all is not a valid oneOf.
    // eslint-disable-next-line unicorn/no-thenable -- JSON Schema's keyword
    then: allowed.length > 0 ? { items: listItem(allowed) } : { maxItems: 0 },
    else: { type: 'object', properties: mapProperties(allowed), additionalProperties: false, 'x-noun': 'isolator' },
    default: {},
  };
}

function mapProperties(isolators) {
  return Object.fromEntries(isolators.map((isolator) => [isolator.name, { $ref: `#/$defs/${slug(isolator.name)}` }]));
}

function listItem(isolators) {
  return {
    type: 'object',
    required: ['name', 'value'],
    discriminator: { propertyName: 'name' },
    'x-noun': 'isolator',
    oneOf: isolators.map((isolator) => ({
      properties: { name: { const: isolator.name }, value: { $ref: `#/$defs/${slug(isolator.name)}` } },
      additionalProperties: false,
    })),
  };
}
