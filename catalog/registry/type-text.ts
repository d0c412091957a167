// An Iceberg type as people read it: `decimal(12,2)`, `list<string>`, `struct<street string, city string>`. Two types with
// the same text differ at most in field ids.

import type { WantedType } from '../../lake/iceberg/evolve.ts';

export function typeText(type: WantedType): string {
  if (typeof type === 'string') return type.replaceAll(' ', '');
  switch (type.type) {
    case 'list':
      return `list<${typeText(type.element)}>`;
    case 'map':
      return `map<${typeText(type.key)}, ${typeText(type.value)}>`;
    case 'struct':
      return `struct<${type.fields.map((field) => `${field.name} ${typeText(field.type)}`).join(', ')}>`;
  }
}
