"""The ISM Code and its Chinese sister, the NSM rules 国内安全管理规则: dates, rules, answers.

Pure arithmetic over calendar days. ``rules.toml`` says what applies, from when, and to which
certificates; ``docs/ism-rules.md`` explains it. ``dates`` months and anniversaries, ``facts``
what is known of one certificate, ``states`` the boxes on one day, ``engine`` the answers,
``ship`` and ``pair`` DOC, SMC and ship together, ``timeline`` spans of days for drawing.
"""
