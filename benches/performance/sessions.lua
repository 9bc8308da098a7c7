-- For wrk: `wrk … -s sessions.lua URL -- COOKIE` sends one cookie with each request;
-- `-- @FILE NAME WIDTH` sends those in the file, of WIDTH letters and a line feed each, in turn from
-- a place of its own; with a fourth argument of "random", in any order. Prints what was measured as
-- JSON, times in microseconds.

local text, name, width, count, at, order

function init(arguments)
  local first = arguments[1]
  if not first then return end
  if first:sub(1, 1) ~= "@" then
    wrk.headers["Cookie"] = first
    return
  end
  local file = assert(io.open(first:sub(2), "rb"))
  text = file:read("*a")
  file:close()
  name, width, order = arguments[2], tonumber(arguments[3]) + 1, arguments[4]
  count, at = #text / width, 0
  math.randomseed(os.time())
  request = function()
    at = order == "random" and math.random(0, count - 1) or (at + 1) % count
    local value = text:sub(at * width + 1, at * width + width - 1)
    return "GET " .. wrk.path .. " HTTP/1.1\r\nHost: " .. wrk.headers["Host"] ..
      "\r\nCookie: " .. name .. "=" .. value .. "\r\n\r\n"
  end
end

function done(summary, latency)
  local failed = summary.errors
  io.write(string.format(
    '{"requests":%d,"micros":%d,"bytes":%d,"failed":%d,"p50":%d,"p99":%d,"max":%d}\n',
    summary.requests, summary.duration, summary.bytes,
    failed.connect + failed.read + failed.write + failed.status + failed.timeout,
    latency:percentile(50), latency:percentile(99), latency.max))
end
