{{/* The settings that this chart sets by itself, as JSON; nobody else may set the first four. */}}
{{- define "huying.ownSettings" -}}
{{- $own := dict "HUYING_HOST" "0.0.0.0" "HUYING_PORT" "8080" "HUYING_HEALTH_PORT" "9090" -}}
{{- $processes := include "huying.processes" .root | fromJson -}}
{{- $service := .service -}}
{{- $_ := set $own "HUYING_RELAY_INSIDE" (ternary "false" "true" (hasKey $processes (printf "%s-relay" $service))) -}}
{{- $_ := set $own "HUYING_LOG_FORMAT" "json" -}}
{{- $_ := set $own "HUYING_MAIL_HOST" "0.0.0.0" -}}
{{- $_ := set $own "HUYING_MAIL_PORT" "8025" -}}
{{- $_ := set $own "HUYING_PUBLIC_URL" (include "huying.publicUrl" .root) -}}
{{- $intake := include "huying.answering" (dict "root" .root "service" "intake") -}}
{{- $_ := set $own "HUYING_INTAKE_URL" (printf "http://%s-%s" (include "huying.fullname" .root) $intake) -}}
{{- $reporting := include "huying.answering" (dict "root" .root "service" "reporting") -}}
{{- $_ := set $own "HUYING_REPORTING_URL" (printf "http://%s-%s" (include "huying.fullname" .root) $reporting) -}}
{{- $feedback := include "huying.answering" (dict "root" .root "service" "feedback") -}}
{{- $_ := set $own "HUYING_FEEDBACK_URL" (printf "http://%s-%s" (include "huying.fullname" .root) $feedback) -}}
{{- if include "huying.attachmentsClaim" .root -}}
{{- $_ := set $own "HUYING_ATTACHMENTS_FOLDER" "/var/lib/huying/attachments" -}}
{{- end -}}
{{- range $variable, $_ := .root.Values.files -}}
{{- $_ := set $own $variable (printf "/etc/huying/%s/file" (lower $variable | replace "_" "-")) -}}
{{- end -}}
{{- $own | toJson -}}
{{- end -}}

{{/* Refuses names that the product does not know, and one that is given twice. */}}
{{- define "huying.checkNames" -}}
{{- $product := .root.Files.Get "files/product.yaml" | fromYaml -}}
{{- range $variable := concat (keys .settings) (keys .secrets) (keys .root.Values.files) -}}
{{- if not (hasKey $product.settings $variable) -}}
{{- fail (printf "%s is no setting of Huying: see docs/settings.md" $variable) -}}
{{- end -}}
{{- if has $variable (list "HUYING_HOST" "HUYING_PORT" "HUYING_HEALTH_PORT" "HUYING_RELAY_INSIDE") -}}
{{- fail (printf "%s is set by the chart itself" $variable) -}}
{{- end -}}
{{- if and (hasKey $.settings $variable) (hasKey $.secrets $variable) -}}
{{- fail (printf "%s stands in both settings and secrets" $variable) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A value as a process reads it: 1000000, where Helm would print 1e+06. */}}
{{- define "huying.text" -}}
{{- if kindIs "string" . }}{{ . }}{{ else }}{{ toJson . }}{{ end -}}
{{- end -}}

{{/* The environment of a process: what it reads of the settings, the secrets and the chart's own. */}}
{{- define "huying.env" -}}
{{- $settings := mergeOverwrite (deepCopy .root.Values.settings) (deepCopy (default dict .settings)) -}}
{{- $secrets := mergeOverwrite (deepCopy .root.Values.secrets) (deepCopy (default dict .secrets)) -}}
{{- include "huying.checkNames" (dict "root" .root "settings" $settings "secrets" $secrets) -}}
{{- $read := include "huying.read" . | fromJson -}}
{{- $given := mergeOverwrite (include "huying.ownSettings" . | fromJson) $settings -}}
{{- range $variable := keys $read | sortAlpha }}
{{- if hasKey $secrets $variable }}
{{- $reference := index $secrets $variable }}
- name: {{ $variable }}
  valueFrom:
    secretKeyRef:
      name: {{ $reference.name }}
      key: {{ $reference.key }}
{{- else if hasKey $given $variable }}
- name: {{ $variable }}
  value: {{ include "huying.text" (index $given $variable) | quote }}
{{- end }}
{{- end }}
{{- if and (eq (default "" .kind) "api") .root.Values.forwardedAllowIps }}
- name: FORWARDED_ALLOW_IPS
  value: {{ .root.Values.forwardedAllowIps | quote }}
{{- end }}
{{- end -}}

{{- define "huying.mounts" -}}
{{- $read := include "huying.read" . | fromJson -}}
- name: tmp
  mountPath: /tmp
{{- range $variable, $_ := .root.Values.files }}
{{- if hasKey $read $variable }}
- name: {{ lower $variable | replace "_" "-" }}
  mountPath: /etc/huying/{{ lower $variable | replace "_" "-" }}
  readOnly: true
{{- end }}
{{- end }}
{{- if .root.Values.databaseCa.secret }}
- name: database-ca
  mountPath: /etc/huying/database-ca
  readOnly: true
{{- end }}
{{- if and (include "huying.attachmentsClaim" .root) (hasKey $read "HUYING_ATTACHMENTS_FOLDER") }}
- name: attachments
  mountPath: /var/lib/huying/attachments
{{- end }}
{{- end -}}

{{- define "huying.volumes" -}}
{{- $read := include "huying.read" . | fromJson -}}
- name: tmp
  emptyDir: {}
{{- range $variable, $source := .root.Values.files }}
{{- if hasKey $read $variable }}
- name: {{ lower $variable | replace "_" "-" }}
{{- if $source.secret }}
  secret:
    secretName: {{ $source.secret }}
    defaultMode: 0440
{{- else }}
  configMap:
    name: {{ $source.configMap }}
{{- end }}
    items:
      - key: {{ $source.key }}
        path: file
{{- end }}
{{- end }}
{{- with .root.Values.databaseCa.secret }}
- name: database-ca
  secret:
    secretName: {{ . }}
    defaultMode: 0440
    items:
      - key: {{ $.root.Values.databaseCa.key }}
        path: ca.crt
{{- end }}
{{- if and (include "huying.attachmentsClaim" .root) (hasKey $read "HUYING_ATTACHMENTS_FOLDER") }}
- name: attachments
  persistentVolumeClaim:
    claimName: {{ include "huying.attachmentsClaim" .root }}
{{- end }}
{{- end -}}
