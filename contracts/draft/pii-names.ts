// What a column's name says of the personal data in it. Names are read as words (`dateOfBirth`, `DATE_OF_BIRTH` and
// `date-of-birth` are the same three); a row matches when its words stand beside each other in the name.

export interface PiiName {
  readonly pii: string;
  /** How much the name alone is worth, from 0 to 1. */
  readonly weight: number;
}

const rows: readonly (readonly [pii: string, weight: number, names: string])[] = [
  ['email', 0.75, 'email, e mail, mail address, mailaddress'],
  ['phone', 0.7, 'phone, phone number, telephone, mobile, mobile number, cell phone, msisdn, fax'],
  ['name', 0.75, 'full name, first name, last name, given name, family name, surname, middle name, maiden name, fullname, firstname'],
  ['name', 0.75, 'lastname, customer name, user name, holder name, contact name, passenger name, rider name, driver name'],
  ['name', 0.45, 'driver, passenger, rider, customer, contact, username, nickname, display name, author'],
  ['birth-date', 0.8, 'birth date, date of birth, dob, birthday, birthdate, born on, born at'],
  ['national-id', 0.8, 'ssn, social security, national id, passport, passport number, tax id, tin, cpf, bsn, nino, nif, identity number'],
  ['driving-licence', 0.75, 'driver license, driver licence, driving license, driving licence, licence number, license number'],
  ['iban', 0.8, 'iban'],
  ['bank-account', 0.65, 'bank account, account number, routing number, sort code'],
  ['card', 0.75, 'card number, credit card, creditcard, debit card, pan, cvv, cvc'],
  ['ip', 0.65, 'ip, ip address, ipaddress, ip addr, remote addr, client ip, last ip'],
  ['address', 0.65, 'street, street address, home address, postal address, address line, billing address, shipping address, residence'],
  ['address', 0.45, 'address, postcode, postal code, zip, zip code, house number'],
  ['location', 0.45, 'latitude, longitude, geo location, geolocation, gps, coordinates, pickup, dropoff'],
  ['special', 0.6, 'gender, sex, ethnicity, race, religion, marital status, diagnosis, disability, blood type, health, nationality'],
  ['device', 0.5, 'device id, imei, mac address, advertising id, user agent, fingerprint'],
  ['secret', 0.75, 'password, passwd, password hash, secret, api key, access token, refresh token, pin code, security answer'],
  ['free-text', 0.3, 'bio, about me, notes, comment, comments, remarks, message, feedback'],
];

const table = rows.flatMap(([pii, weight, names]) => names.split(', ').map((name) => ({ pii, weight, words: name.split(' ') })));

/** The strongest that the name says; null when it says nothing. */
export function piiOfName(column: string): PiiName | null {
  const words = wordsOf(column);
  let best: (PiiName & { readonly length: number }) | null = null;
  for (const { pii, weight, words: wanted } of table) {
    const isFound = words.some((_word, at) => wanted.every((word, i) => words[at + i] === word));
    if (!isFound) continue;
    // More words say more: `mac address` is no address, `driver license` no driver.
    if (best === null || wanted.length > best.length || (wanted.length === best.length && weight > best.weight))
      best = { pii, weight, length: wanted.length };
  }
  return best && { pii: best.pii, weight: best.weight };
}

function wordsOf(name: string): readonly string[] {
  return name
    .slice(0, 200)
    .replaceAll(/([\p{Ll}\d])(\p{Lu})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\d]+/u)
    .filter(Boolean);
}
