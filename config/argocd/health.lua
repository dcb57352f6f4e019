-- How Argo CD tells the health of a Tenant, AccountProfile, MyAccountProfile or EventTemplate.
-- It is what kstatus says, by which Flux and kubectl wait go, and Suspended for what is paused.
-- Argo CD gives it obj, and no libraries but those of the language and of tables.

local status = obj.status or {}
local generation = obj.metadata.generation

local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type or ""] = condition
end

local function is_true(kind)
  return conditions[kind] ~= nil and conditions[kind].status == "True"
end

local ready = conditions.Ready
if status.observedGeneration ~= generation or ready == nil or (ready.observedGeneration or generation) ~= generation then
  return {status = "Progressing", message = "Foyer has not looked at this generation yet."}
end

local health = {status = "Healthy", message = ready.message or ready.reason or ""}
if ready.reason == "Paused" or ready.reason == "TenantPaused" then
  health.status = "Suspended"
elseif is_true("Stalled") then
  health.status = "Degraded"
elseif is_true("Reconciling") or ready.status ~= "True" then
  health.status = "Progressing"
end

-- What customers have meanwhile.
if ready.status ~= "True" then
  local live = status.liveGeneration
  if live == nil then
    health.message = health.message .. " Customers have none of it yet."
  elseif live ~= generation then
    health.message = health.message .. " Customers have generation " .. tostring(live) ..
      ", and this is " .. tostring(generation) .. "."
  end
end
return health
