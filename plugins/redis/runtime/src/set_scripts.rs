//! What the server does at once with a sorted set.

use redis::Script;

/// Adds members, and gives a set that did not exist its time to live. Arguments: milliseconds, then those of `ZADD`.
const ADD: &str = r"
local new = redis.call('EXISTS', KEYS[1]) == 0
local added = redis.call('ZADD', KEYS[1], unpack(ARGV, 2))
if new then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return added";

/// Adds to a score, unless the sum is not finite. Arguments: member, by how much, milliseconds to live for a new set or 0.
///
/// Lua's numbers are the server's scores, so the sum here is the one that `ZINCRBY` stores; it would store an infinite one too.
const INCREMENT: &str = r"
local score = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or 0)
local sum = score + tonumber(ARGV[2])
if sum == math.huge or sum == -math.huge then return false end
local new = redis.call('EXISTS', KEYS[1]) == 0
local text = redis.call('ZINCRBY', KEYS[1], ARGV[2], ARGV[1])
if new and ARGV[3] ~= '0' then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return text";

/// The scripts of sorted sets.
pub(crate) struct SetScripts {
    pub(crate) add: Script,
    pub(crate) increment: Script,
}

impl SetScripts {
    pub(crate) fn new() -> Self {
        Self { add: Script::new(ADD), increment: Script::new(INCREMENT) }
    }
}
