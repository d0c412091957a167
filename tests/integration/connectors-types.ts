// Rows that try the types: edges, infinities, empties and other calendars. What they hold is read back from the database;
// nothing is expected by hand.

export const postgresTable = 'public.all_types';

export const postgresTypesSql = `
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy'); CREATE TYPE pair AS (a int, b text); CREATE DOMAIN positive AS int CHECK (value > 0);
CREATE TABLE public.all_types (
  id bigserial PRIMARY KEY, i2 int2, i4 int4, i8 int8, n122 numeric(12,2), n numeric, f4 float4, f8 float8, b bool,
  t text, vc varchar(20), c char(5), nm name, u uuid, j json, jb jsonb, ba bytea, d date, tm time, tm0 time(0), tmz timetz, ts timestamp, ts0 timestamp(0),
  ts3 timestamp(3), tsz timestamptz, iv interval, inet inet, cidr cidr, mac macaddr, mac8 macaddr8, mood mood, pt point, ci circle, bx box, ls lseg, ln line, po path, pc path, pg polygon,
  bit3 bit(3), bit1 bit, vb varbit, m money, x xml, r4 int4range, rn numrange, rd daterange, rz tstzrange, mr int4multirange, o oid, df text DEFAULT 'dflt',
  dom positive, pair pair, lsn pg_lsn, tsv tsvector, ai int[], at text[], an numeric(12,2)[], af float8[], ab bool[], ad date[], ats timestamp[], atz timestamptz[],
  aba bytea[], am mood[], au uuid[], aj jsonb[]
);
CREATE TABLE public.toasted (id int PRIMARY KEY, title text, body text); ALTER TABLE public.toasted ALTER COLUMN body SET STORAGE EXTERNAL;
GRANT SELECT ON public.all_types, public.toasted TO PUBLIC; ALTER PUBLICATION foz ADD TABLE public.all_types, public.toasted;`;

const insert = (columns: string, values: string) => `INSERT INTO public.all_types (${columns}) VALUES (${values})`;

export const postgresRows: readonly string[] = [
  insert(
    'i2, i4, i8, n122, n, f4, f8, b, t, vc, c, nm, u, j, jb, ba, d, tm, tm0, tmz, ts, ts0, ts3, tsz, iv, inet, cidr, mac, mac8, mood, pt, ci',
    String.raw`-32768, 2147483647, 9007199254740993, 12345.67, 12345678901234567890.123456789, 1.1, 0.1, true, 'héllo "😀" \', 'va''r', 'ab', 'nm',
     'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"b":1, "a":[1,2]}', '{"b":1, "a":[1,2.50]}', '\xdeadbeef', '2024-02-29', '12:34:56.123456', '12:34:56', '12:34:56.123456+02',
     '2024-02-29 12:34:56.123456', '2024-02-29 12:34:56', '2024-02-29 12:34:56.123', '2024-02-29 12:34:56.123456+02', '1 year 2 mons 3 days 04:05:06.789', '192.168.1.5/24',
     '10.0.0.0/8', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05', 'happy', '(1.5,-2.5)', '<(1,2),3>'`,
  ),
  insert(
    'bit3, bit1, vb, m, x, r4, rn, rd, rz, mr, o, dom, pair, lsn, tsv',
    `B'101', B'1', B'100000001', 1234.5::numeric::money, '<a>1</a>', '[1,10)', '(0.5,]', '[2024-01-01,2024-02-01)', '[2024-01-01 00:00+00,)', '{[1,3),[5,7)}', 4294967295, 5,
     ROW(1, 'x'), '16/B374D848', 'a fat cat'::tsvector`,
  ),
  insert(
    'ai, at, an, af, ab, ad, ats, atz, aba, am, au, aj',
    String.raw`ARRAY[1,NULL,3], ARRAY['a','b,"c\',NULL,'NULL',''], ARRAY[1.10,2.20], ARRAY[0.1,1e7], ARRAY[true,false], ARRAY['2024-02-29'::date],
     ARRAY['2024-02-29 12:34:56.123456'::timestamp], ARRAY['2024-02-29 12:34:56.123456+02'::timestamptz], ARRAY['\xdeadbeef'::bytea], ARRAY['sad','ok']::mood[],
     ARRAY['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']::uuid[], ARRAY['{"a":1}']::jsonb[]`,
  ),
  'INSERT INTO public.all_types DEFAULT VALUES',
  insert('df', 'NULL'),
  insert('n, f4, f8, d, ts, tsz', `'NaN', 'NaN', 'NaN', 'infinity', 'infinity', 'infinity'`),
  insert('n, f4, f8, d, ts, tsz', `'-Infinity', '-Infinity', '-Infinity', '-infinity', '-infinity', '-infinity'`),
  insert(
    'n122, n, f4, f8, ts, tsz, ts3',
    `-9999999999.99, 1e-20, 3.4028235e38, 1e7, '0044-03-15 12:00:00.5 BC', '0044-03-15 12:00:00.5+00 BC', '1500-02-28 01:02:03.004'`,
  ),
  insert('n, f4, f8, d, ts, tsz', `1e20, 1e-45, 5e-324, '1500-02-28', '1500-02-28 12:00:00.000001', '1500-02-28 12:00:00.000001+00'`),
  insert('n, f4, f8, d, ts, tsz', `1.10, 16777216, -0.0, '12024-02-28', '12024-02-28 12:00:00.000001', '12024-02-28 12:00:00.000001+00'`),
  insert(
    'tm, tmz, iv, inet, ai, at, t, ba, bit1, j, m',
    `'24:00', '00:30+05:30', '-1 year +2 days -3 hours', '::1', '{}', '{}', '', '', '0', 'null', (-0.05)::numeric::money`,
  ),
  insert('iv, d, ts', `'-0.5 second', '0001-01-01', '0001-01-01 00:00:00'`),
  insert('iv', `'100 hours 61 minutes'`),
  insert('bx, ls, ln, po, pc, pg', `'(1,2),(3,4)', '[(1,2),(3,4)]', '{1,2,3}', '[(0,0),(1,1)]', '((0,0),(1,1.5))', '((0,0),(1,1),(1,0))'`),
];

export const cassandraTable = 'all_types';

export const cassandraTypesCql = `CREATE TABLE IF NOT EXISTS rides.all_types (
  city text, day date, ride_id timeuuid, a ascii, fare decimal, surge float, dist double, seats int, small smallint, tiny tinyint, big bigint, vint varint,
  active boolean, ip inet, requested_at timestamp, t time, dur duration, uid uuid, raw blob, pickup frozen<place>, pair tuple<int, text>, ftags frozen<set<text>>,
  fl frozen<list<int>>, fm frozen<map<text, text>>, fmi frozen<map<int, text>>, fnest frozen<list<frozen<map<text, frozen<list<int>>>>>>, fdec frozen<list<decimal>>,
  fud frozen<map<uuid, timestamp>>, fd frozen<set<date>>, fpl frozen<list<frozen<place>>>,
  PRIMARY KEY ((city, day), ride_id)) WITH cdc = true`;

const ride = (columns: string, values: string) => `INSERT INTO rides.all_types (city, day, ride_id${columns}) VALUES (${values})`;

export const cassandraRows: readonly string[] = [
  ride(
    ', a, fare, surge, dist, seats, small, tiny, big, vint, active, ip, requested_at, t, dur, uid, raw, pickup, pair, ftags, fl, fm, fmi, fnest, fdec, fud, fd, fpl',
    `'ams', '2024-05-01', 50554d6e-29bb-11e5-b345-feff819cdc9f, 'asc', 12345678901234567890.12, 1.1, 0.1, 2147483647, -32768, -128, 9007199254740993, 12345678901234567890123,
     true, '10.0.0.1', '2024-05-02T10:00:00.123Z', '10:11:12.123456789', 1mo2d3h, a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11, 0xdeadbeef, {lat: 52.1, lon: 4.9, label: 'x'}, (7, 'x'),
     {'b', 'a'}, [2, 1], {'k': 'v', 'a': 'b'}, {2: 'b', 10: 'c'}, [{'a': [3, 1]}], [1.10, 1E+3], {a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11: '2024-05-02T10:00:00.123Z'},
     {'2024-05-01'}, [{lat: 1, lon: 2, label: null}]`,
  ),
  ride('', `'ams', '2024-05-01', 50554d6e-29bb-11e5-b345-feff81900001`),
  ride(
    ', fare, surge, dist, ip, requested_at, ftags, raw, a, vint, dur',
    `'ams', '1969-12-31', 50554d6e-29bb-11e5-b345-feff81900002, 1E+20, NaN, NaN, '::1', '1969-12-31T23:59:59.999Z', {}, 0x, '', -1, -1mo`,
  ),
  ride(
    ', fare, surge, dist, ip, requested_at, pickup, fm, t, vint',
    `'Zü "😀"', '0001-01-01', 50554d6e-29bb-11e5-b345-feff81900003, 1E-20, 3.4028235E38, 1E7, '2001:db8::ff00:42:8329', '1500-01-01T00:00:00.000Z', {lat: 1}, {}, '00:00:00', 0`,
  ),
  ride(', fare, surge, dist', `'x', '2024-05-01', 50554d6e-29bb-11e5-b345-feff81900004, -0.00, -Infinity, Infinity`),
  ride(', fare, surge, dist', `'x', '2024-05-01', 50554d6e-29bb-11e5-b345-feff81900005, 10.50, 1E-45, -0.0`),
];
