// Makes the template of new apps' lock file from the lock file of one of them, in
// which the app is called `my-app`:
//
//     node tests/lock.mjs path/to/my-app/Cargo.lock >template/Cargo.lock.liquid
//
// Cargo sorts packages by name, so the app's own place depends on what it is called.

import { readFile } from 'node:fs/promises';
import { argv, stdout } from 'node:process';

const NAME = 'name = "my-app"';

const text = await readFile(argv[2], 'utf8');
const [head, ...packages] = text.trimEnd().split('\n\n');
const own = packages.find((one) => one.includes(NAME));
const others = packages.filter((one) => one !== own);

stdout.write(`{%- capture own -%}
${own.replace(NAME, 'name = "{{project-name}}"')}
{%- endcapture -%}
{%- capture others -%}
${others.join('\n\n')}
{%- endcapture -%}
{%- assign packages = others | split: "

" -%}
{%- assign is_written = false -%}
${head}
{% for package in packages %}
{% if is_written == false and own < package -%}
{%- assign is_written = true -%}
{{own}}

{% endif -%}
{{package}}
{% endfor -%}
{% unless is_written %}
{{own}}
{% endunless -%}
`);
