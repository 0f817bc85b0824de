-- Take tokens from a bucket that refills evenly; the server's clock is the only one.
-- KEYS[1] the bucket   ARGV[1] capacity   ARGV[2] tokens per second   ARGV[3] cost
-- Returns {1 taken | 0 refused, tokens left, seconds until the cost is there}; numbers as text, as Redis cuts fractions.
local capacity, per_s, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1e6

local held = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = tonumber(held[1]) or capacity
local at = tonumber(held[2]) or now
tokens = math.min(capacity, tokens + math.max(0, now - at) * per_s)

local taken = tokens >= cost
if taken then tokens = tokens - cost end
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil((capacity - tokens) / per_s * 1000) + 1000)

local wait_s = 0
if not taken then wait_s = (cost - tokens) / per_s end
return {taken and 1 or 0, string.format('%.6f', tokens), string.format('%.6f', wait_s)}
