// Numbers of contracts as exact decimals: a number is what its shortest text says, so 0.07 is seven hundredths.

export interface ExactDecimal {
  /** value = digits × 10^-scale */
  readonly digits: bigint;
  /** Not negative, and as small as the value allows. */
  readonly scale: number;
}

/** Of a finite number. */
export function exactDecimal(value: number): ExactDecimal {
  const [mantissa = '0', exponent = '0'] = String(value).split('e');
  const [whole = '0', fraction = ''] = mantissa.split('.');
  const scale = fraction.length - Number(exponent);
  let digits = BigInt(whole + fraction);
  if (scale <= 0) return { digits: digits * 10n ** BigInt(-scale), scale: 0 };
  let rest = scale;
  while (rest > 0 && digits % 10n === 0n) {
    digits /= 10n;
    rest -= 1;
  }
  return { digits, scale: rest };
}

/** In units of 10^-scale: the largest whole number not above the value. */
export function floorAt(value: ExactDecimal, scale: number): bigint {
  const up = value.digits * 10n ** BigInt(Math.max(0, scale - value.scale));
  const by = 10n ** BigInt(Math.max(0, value.scale - scale));
  const quotient = up / by;
  return up % by < 0n ? quotient - 1n : quotient;
}

/** In units of 10^-scale: the smallest whole number not below the value. */
export function ceilAt(value: ExactDecimal, scale: number): bigint {
  return -floorAt({ digits: -value.digits, scale: value.scale }, scale);
}

/** What a number of `scale` decimals, in units of its last one, must be a multiple of to be one of `divisor`. */
export function unitsOfMultiple(divisor: ExactDecimal, scale: number): bigint {
  const up = divisor.digits * 10n ** BigInt(Math.max(0, scale - divisor.scale));
  const by = 10n ** BigInt(Math.max(0, divisor.scale - scale));
  return up / greatestCommonDivisor(up, by);
}

export function decimalText(units: bigint, scale: number): string {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return units < 0n ? `-${text}` : text;
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : greatestCommonDivisor(b, a % b);
}
