-- For wrk: `wrk … -s sessions.lua URL -- COOKIE` sends one cookie with each request;
-- `-- @FILE NAME WIDTH FROM` sends those in the file, of WIDTH characters and a line feed each, in turn,
-- beginning with number FROM, or in any order if that is "random". Prints what was measured as JSON,
-- times in microseconds.

local text, name, width, count, at

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
  name, width = arguments[2], tonumber(arguments[3]) + 1
  count, at = #text / width, tonumber(arguments[4])
  math.randomseed(os.time())
  request = function()
    local place = at and at % count or math.random(0, count - 1)
    at = at and at + 1
    local value = text:sub(place * width + 1, place * width + width - 1)
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
