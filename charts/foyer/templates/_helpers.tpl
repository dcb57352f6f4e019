{{/* Names. A release named foyer has the names of config/default. */}}
{{- define "foyer.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "foyer.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 42 | trimSuffix "-" }}
{{- else if contains (include "foyer.name" .) .Release.Name }}
{{- .Release.Name | trunc 42 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "foyer.name" .) | trunc 42 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "foyer.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- default (printf "%s-manager" (include "foyer.fullname" .)) .Values.serviceAccount.name }}
{{- else }}
{{- required "serviceAccount.name is needed where serviceAccount.create is false" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{/* Labels of every object of the chart. */}}
{{- define "foyer.labels" -}}
app.kubernetes.io/name: foyer
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "foyer.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{/* Flags of the manager. One whose value is the manager's own default is not written, so
     that the pod is that of config/default. */}}
{{- define "foyer.args" -}}
{{- if .Values.leaderElect }}
- --leader-elect
{{- else if gt (int .Values.replicas) 1 }}
{{- fail "replicas: more than one manager needs leaderElect" }}
{{- end }}
{{- if and .Values.watchNamespaces (not .Values.clusterID) }}
{{- fail "watchNamespaces: an operator without rights in the cluster needs clusterID" }}
{{- end }}
{{- range $label := list "app.kubernetes.io/name" "app.kubernetes.io/component" }}
{{- if hasKey $.Values.podLabels $label }}
{{- fail (printf "podLabels: the Deployment selects its pods by %s, leave it out" $label) }}
{{- end }}
{{- end }}
{{- if and .Values.metrics.enabled (eq (int .Values.metrics.port) (int .Values.health.port)) }}
{{- fail "metrics.port and health.port are the same port of one pod" }}
{{- end }}
{{- $limit := toString (dig "limits" "memory" "" (default dict .Values.resources)) }}
{{- $heap := include "foyer.mebibytes" (trimSuffix "B" .Values.goMemoryLimit) }}
{{- $most := include "foyer.mebibytes" $limit }}
{{- if and $heap (or (not $limit) (and $most (ge (int64 $heap) (int64 $most)))) }}
{{- fail (printf "goMemoryLimit is %s, and resources.limits.memory is %q: set it to a tenth below that, or to off without a limit" .Values.goMemoryLimit $limit) }}
{{- end }}
{{- with .Values.watchNamespaces }}
- --watch-namespaces={{ join "," . }}
{{- end }}
{{- with .Values.clusterID }}
- --cluster-id={{ . }}
{{- end }}
{{- with .Values.trustedProxies }}
- --trusted-proxies={{ join "," . }}
{{- end }}
{{- with .Values.allowOutgoing }}
- --allow-outgoing={{ join "," . }}
{{- end }}
{{- with .Values.api.requestsPerSecond }}
- --api-requests-per-second={{ . }}
{{- end }}
{{- with .Values.api.requestBurst }}
- --api-request-burst={{ . }}
{{- end }}
{{- if ne (int .Values.waveSize) 5 }}
- --wave-size={{ .Values.waveSize }}
{{- end }}
{{- if ne (int .Values.canarySoakSeconds) 60 }}
- --canary-soak-seconds={{ .Values.canarySoakSeconds }}
{{- end }}
{{- with .Values.networkPolicies }}
{{- if ne .mode "Managed" }}
- --network-policies={{ .mode }}
{{- end }}
{{- range .ingressFrom }}
- {{ printf "--ingress-from=%s" . | quote }}
{{- end }}
{{- range .metricsFrom }}
- {{ printf "--metrics-from=%s" . | quote }}
{{- end }}
{{- range .dnsAt }}
- {{ printf "--dns-at=%s" . | quote }}
{{- end }}
{{- if ne (join "," .dnsPorts) "53" }}
- --dns-ports={{ join "," .dnsPorts }}
{{- end }}
{{- end }}
{{- if .Values.tenantClock }}
- --tenant-clock
{{- end }}
{{- if not .Values.metrics.enabled }}
- --metrics-listen=0
{{- else if ne (int .Values.metrics.port) 8080 }}
- --metrics-listen=:{{ .Values.metrics.port }}
{{- end }}
{{- if and .Values.monitoring.scrape (not .Values.metrics.enabled) }}
{{- fail "monitoring.scrape: there are no metrics to scrape, metrics.enabled is false" }}
{{- end }}
{{- if and .Values.metrics.secure (not .Values.metrics.enabled) }}
{{- fail "metrics.secure: there are no metrics to secure, metrics.enabled is false" }}
{{- end }}
{{- if .Values.metrics.secure }}
- --metrics-secure
{{- end }}
{{- if .Values.metrics.certSecret }}
{{- if not .Values.metrics.secure }}
{{- fail "metrics.certSecret is for metrics.secure: set both, or neither" }}
{{- end }}
- --metrics-cert-dir=/etc/foyer/metrics
{{- end }}
{{- if ne (int .Values.health.port) 8081 }}
- --health-listen=:{{ .Values.health.port }}
{{- end }}
{{- range .Values.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end }}

{{/* An amount of memory as a number of mebibytes; nothing, if it is written in another unit than Mi or Gi. */}}
{{- define "foyer.mebibytes" -}}
{{- if regexMatch "^[0-9]+Mi$" . }}{{ trimSuffix "Mi" . }}{{ else if regexMatch "^[0-9]+Gi$" . }}{{ mul 1024 (trimSuffix "Gi" . | int64) }}{{ end }}
{{- end }}
