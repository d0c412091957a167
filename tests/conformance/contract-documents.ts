// ODCS documents for tests of the registry from end to end: users, in versions.

export interface UsersDocument {
  readonly version: string;
  readonly compatibility?: string;
  readonly emailLengthMax?: number;
  readonly hasEmail?: boolean;
  readonly hasCity?: boolean;
}

export function usersDocument({
  version,
  compatibility = 'backward',
  emailLengthMax = 100,
  hasEmail = true,
  hasCity = false,
}: UsersDocument): string {
  const email = `
      - name: email
        logicalType: string
        physicalType: text
        logicalTypeOptions: { maxLength: ${emailLengthMax} }`;
  const city = `
      - name: city
        logicalType: string
        physicalType: text`;
  return `# Users: кто с нами\r
apiVersion: v3.2.0
kind: DataContract
id: users
name: Users
version: ${version}
status: active
customProperties:
  - { property: compatibility, value: ${compatibility} }
schema:
  - name: users
    physicalName: public.users
    logicalType: object
    properties:
      - name: id
        logicalType: integer
        physicalType: bigint
        primaryKey: true
        primaryKeyPosition: 1
        required: true${hasEmail ? email : ''}
      - name: balance
        logicalType: number
        physicalType: numeric(12,2)
      - name: born
        logicalType: date
        physicalType: date${hasCity ? city : ''}
`;
}
