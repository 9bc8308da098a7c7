//! What the store keeps in Redis, and the scripts that change it. Each script is
//! atomic and idempotent, so a call whose answer was lost may be repeated.
//!
//! | key | type | holds |
//! | --- | --- | --- |
//! | `{vestibule}:row:<key>` | hash | the row: `FIELDS` |
//! | `{vestibule}:subject:<subject>` | sorted set | keys of the person's rows, by end |
//! | `{vestibule}:provider-session:<hash>` | sorted set | keys of the session's rows, by end |
//! | `{vestibule}:lease:<name>` | string | the holder |
//!
//! The name in braces puts all keys into one slot of a cluster, so that a script
//! can change a row together with its index entries.
//!
//! All keys expire by themselves: leases by the server's clock, everything else a
//! few minutes after the end stated in the row. Clocks therefore need not agree
//! exactly, and readers go by the row.

use redis::Script;

/// The fields of a row, in reading order. Hashes are URL-safe base64, times and the
/// version are decimal; an absent provider session is "".
pub(super) const FIELDS: &[&str; 8] = &[
    "subject",
    "provider_session",
    "created_at",
    "device",
    "version",
    "last_seen",
    "expires_at",
    "sealed",
];

/// The fields of a row that a list needs.
pub(super) const LISTED: &[&str; 6] = &[
    "version",
    "created_at",
    "device",
    "last_seen",
    "expires_at",
    "provider_session",
];

/// The fields of a row that tell whether a cached copy is still good.
pub(super) const PULSE: &[&str; 3] = &["version", "last_seen", "expires_at"];

/// No one ever writes it.
pub(super) const CHECK: &str = "{vestibule}:never";

pub(super) fn row(key: &str) -> String {
    format!("{{vestibule}}:row:{key}")
}

pub(super) fn subject(subject: &str) -> String {
    format!("{{vestibule}}:subject:{subject}")
}

pub(super) fn provider_session(session: &str) -> String {
    format!("{{vestibule}}:provider-session:{session}")
}

pub(super) fn lease_key(name: &str) -> String {
    format!("{{vestibule}}:lease:{name}")
}

pub(super) struct Scripts {
    pub create: Script,
    pub replace: Script,
    pub touch: Script,
    pub delete: Script,
    pub delete_all: Script,
    pub list: Script,
    pub lease: Script,
    pub release: Script,
}

impl Scripts {
    pub fn new() -> Self {
        Self {
            create: Script::new(&[PUT, CREATE].concat()),
            replace: Script::new(&[PUT, REPLACE].concat()),
            touch: Script::new(TOUCH),
            delete: Script::new(&[REMOVE, DELETE].concat()),
            delete_all: Script::new(&[REMOVE, DELETE_ALL].concat()),
            list: Script::new(LIST),
            lease: Script::new(ACQUIRE),
            release: Script::new(RELEASE),
        }
    }
}

/// KEYS: row, set of its subject, set of its provider session.
/// ARGV: key, then the fields in their order.
const PUT: &str = r"
local GRACE = 300

local function index(set)
    local now = redis.call('TIME')[1]
    redis.call('ZREMRANGEBYSCORE', set, '-inf', now - GRACE)
    redis.call('ZADD', set, ARGV[8], ARGV[1])
    local last = redis.call('ZREVRANGE', set, 0, 0, 'WITHSCORES')
    redis.call('EXPIREAT', set, last[2] + GRACE)
end

local function put(last_seen)
    redis.call('HSET', KEYS[1],
        'subject', ARGV[2], 'provider_session', ARGV[3],
        'created_at', ARGV[4], 'device', ARGV[5], 'version', ARGV[6],
        'last_seen', last_seen, 'expires_at', ARGV[8], 'sealed', ARGV[9])
    redis.call('EXPIREAT', KEYS[1], ARGV[8] + GRACE)
    index(KEYS[2])
    if ARGV[3] ~= '' then
        index(KEYS[3])
    end
end
";

/// Returns 0 if another row has the key.
const CREATE: &str = r"
local sealed = redis.call('HGET', KEYS[1], 'sealed')
if sealed then
    return sealed == ARGV[9] and 1 or 0
end
put(ARGV[7])
return 1
";

/// ARGV[10] is the version to replace. Returns 0 if the row does not have it.
const REPLACE: &str = r"
local old = redis.call('HMGET', KEYS[1],
    'version', 'last_seen', 'subject', 'provider_session', 'sealed')
if old[1] == ARGV[6] and old[5] == ARGV[9] then
    return 1
end
if old[1] ~= ARGV[10] then
    return 0
end
if old[3] ~= ARGV[2] then
    redis.call('ZREM', '{vestibule}:subject:' .. old[3], ARGV[1])
end
if old[4] ~= ARGV[3] and old[4] ~= '' then
    redis.call('ZREM', '{vestibule}:provider-session:' .. old[4], ARGV[1])
end
put(tonumber(old[2]) > tonumber(ARGV[7]) and old[2] or ARGV[7])
return 1
";

/// KEYS: row. ARGV: the time.
const TOUCH: &str = r"
local known = redis.call('HGET', KEYS[1], 'last_seen')
if known and tonumber(known) < tonumber(ARGV[1]) then
    redis.call('HSET', KEYS[1], 'last_seen', ARGV[1])
end
";

const REMOVE: &str = r"
local function remove(row, key)
    local sets = redis.call('HMGET', row, 'subject', 'provider_session')
    if sets[1] then
        redis.call('ZREM', '{vestibule}:subject:' .. sets[1], key)
    end
    if sets[2] and sets[2] ~= '' then
        redis.call('ZREM', '{vestibule}:provider-session:' .. sets[2], key)
    end
    return redis.call('DEL', row)
end
";

/// KEYS: row. ARGV: its key.
const DELETE: &str = r"
return remove(KEYS[1], ARGV[1])
";

/// KEYS: the set of row keys. Returns the keys of those that existed.
const DELETE_ALL: &str = r"
local removed = {}
for _, key in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    if remove('{vestibule}:row:' .. key, key) == 1 then
        table.insert(removed, key)
    end
end
redis.call('DEL', KEYS[1])
return removed
";

/// KEYS: the set of row keys. ARGV: field names.
const LIST: &str = r"
local found = {}
for _, key in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    table.insert(found, {key, redis.call('HMGET', '{vestibule}:row:' .. key, unpack(ARGV))})
end
return found
";

/// KEYS: lease. ARGV: holder, lifetime in seconds. Returns 0 if someone else holds
/// it.
const ACQUIRE: &str = r"
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then
    return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return 1
";

/// KEYS: lease. ARGV: holder.
const RELEASE: &str = r"
if redis.call('GET', KEYS[1]) == ARGV[1] then
    redis.call('DEL', KEYS[1])
end
";
