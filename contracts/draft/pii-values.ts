// What a value looks like, judged on the value alone: e-mail, telephone, IBAN and card numbers by their checksums, IP
// addresses. Each test reads at most `valueLengthMax` characters and takes time linear in them.

export type PiiValueKind = 'email' | 'phone' | 'iban' | 'card' | 'ip';

/** `weak`: has the form, but so have other things (ten digits are a telephone number, an order number, a time). */
export interface PiiMatch {
  readonly kind: PiiValueKind;
  readonly strength: 'strong' | 'weak';
  /** False: stands somewhere inside the text. */
  readonly isWhole: boolean;
}

const valueLengthMax = 2_000;

export function piiOfValue(value: string): PiiMatch | null {
  const text = value.slice(0, valueLengthMax).trim();
  if (text.length < 3) return null;
  if (isEmail(text)) return { kind: 'email', strength: 'strong', isWhole: true };
  if (isIban(text)) return { kind: 'iban', strength: 'strong', isWhole: true };
  if (isIp(text)) return { kind: 'ip', strength: 'strong', isWhole: true };
  if (isCard(text)) return { kind: 'card', strength: 'strong', isWhole: true };
  const phone = phoneStrength(text);
  if (phone !== null) return { kind: 'phone', strength: phone, isWhole: true };
  return insideText(text);
}

/** Spec: RFC 5321 lengths; forms that people use, not every form that is allowed. */
function isEmail(text: string): boolean {
  return text.length <= 254 && /^[^\s@"'<>(),;:]{1,64}@(?:[\p{L}\d](?:[\p{L}\d-]{0,61}[\p{L}\d])?\.){1,8}[\p{L}]{2,24}$/u.test(text);
}

/** Spec: ISO 13616. The remainder of the rearranged digits by 97 is 1. */
function isIban(text: string): boolean {
  const compact = text.replaceAll(/[ -]/g, '').toUpperCase();
  if (!/^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/.test(compact)) return false;
  let remainder = 0;
  for (const char of compact.slice(4) + compact.slice(0, 4)) {
    const digits = /\d/.test(char) ? char : String(char.charCodeAt(0) - 55);
    for (const digit of digits) remainder = (remainder * 10 + Number(digit)) % 97;
  }
  return remainder === 1;
}

/** First digits of the networks that issue cards. */
const cardPrefix = /^(?:4|5[1-5]|2[2-7]|3[0689]|3[47]|6(?:011|4[4-9]|5)|35|62|50|5[6-9]|6)/;

/** Spec: ISO/IEC 7812: 13 to 19 digits, of which the last is Luhn's. */
function isCard(text: string): boolean {
  if (!/^\d(?:[ -]?\d){12,18}$/.test(text)) return false;
  const digits = text.replaceAll(/\D/g, '');
  if (!cardPrefix.test(digits) || /^(\d)\1*$/.test(digits)) return false;
  let sum = 0;
  for (let place = 0; place < digits.length; place++) {
    const digit = Number(digits[digits.length - 1 - place]);
    const doubled = place % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

function isIp(text: string): boolean {
  const parts = text.replace(/\/\d{1,3}$/, '').split('.');
  if (parts.length === 4) return parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
  // At least three groups: a time of day (12:30) has two, and its groups are decimal.
  return /^(?=[0-9a-f:]*[a-f:]{2}|(?:[0-9a-f]{1,4}:){7})[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?:\/\d{1,3})?$/i.test(text);
}

function phoneStrength(text: string): 'strong' | 'weak' | null {
  if (!/^\+?[\d ()./-]{7,24}$/.test(text)) return null;
  const digits = text.replaceAll(/\D/g, '').length;
  if (digits < 7 || digits > 15) return null;
  // A date, a decimal, a range of numbers have these characters too.
  if (/^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|^\d{1,2}[-/.]\d{1,2}[-/.]\d{4}/.test(text) || /^-?\d+\.\d+$/.test(text)) return null;
  if (/^\+[1-9]/.test(text)) return 'strong';
  return 'weak';
}

/** Addresses that stand in a longer text. */
function insideText(text: string): PiiMatch | null {
  for (const word of text.split(/[\s"'<>(),;:[\]{}]+/)) {
    if (word.includes('@') && isEmail(word.replace(/\.$/, ''))) return { kind: 'email', strength: 'strong', isWhole: false };
  }
  return null;
}
