{{- define "kvmeter.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{ .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end -}}
{{- end }}

{{- define "kvmeter.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "kvmeter.labels" -}}
{{ include "kvmeter.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "kvmeter.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "kvmeter.secretName" -}}
{{- if .Values.secret.existingName -}}
{{ .Values.secret.existingName }}
{{- else if .Values.secret.data -}}
{{ include "kvmeter.name" . }}
{{- end -}}
{{- end }}

{{/* kvmeter.yaml: what the chart knows, and over it what the values say. */}}
{{- define "kvmeter.config" -}}
{{- $uri := .Values.libvirt.uri -}}
{{- $attributes := dict "k8s.node.name" "${env:NODE_NAME}" -}}
{{- if eq .Values.hypervisor "kubevirt" -}}
{{- $uri = "qemu+unix:///session?socket=/pods/*/volumes/kubernetes.io~empty-dir/libvirt-runtime/virtqemud-sock" -}}
{{- /* The container has a host name of its own, and so has every virt-launcher. */ -}}
{{- $_ := set $attributes "host.name" "${env:NODE_NAME}" -}}
{{- end -}}
{{- $listen := printf "127.0.0.1:%v" .Values.endpoint.port -}}
{{- if .Values.endpoint.enabled -}}
{{- $listen = printf "0.0.0.0:%v" .Values.endpoint.port -}}
{{- end -}}
{{- $own := dict
  "libvirt" (list (dict "uri" $uri))
  "host" (dict "procfs" "/host/proc" "sysfs" "/host/sys")
  "resource_attributes" $attributes
  "state_directory" "/var/lib/kvmeter"
  "listen" $listen
-}}
{{ mergeOverwrite $own (deepCopy .Values.config) | toYaml }}
{{- end }}
