"""One article in every wire format, written by hand."""

NITF = """<?xml version="1.0" encoding="utf-8"?>
<nitf xml:lang="de">
  <head>
    <title>Raketentest über dem Ostmeer</title>
    <docdata management-status="usable">
      <doc-id id-string="urn:dpa:2026:4711" regsrc="agentur.example"/>
      <date.issue norm="20261120T115800+0100"/>
      <key-list><keyword key="Raketen"/><keyword key="Nordkorea"/></key-list>
    </docdata>
    <pubdata position.section="Politik"/>
  </head>
  <body>
    <body.head>
      <hedline><hl1>Raketentest über dem Ostmeer</hl1><hl2>Flugkörper fiel ins Wasser</hl2></hedline>
      <byline><person>Ina Muster</person></byline>
      <abstract><p>Der dritte Test in diesem Monat.</p></abstract>
    </body.head>
    <body.content>
      <p>Die Rakete flog 800 Kilometer weit.</p><hl2>Reaktionen</hl2><p>Seoul &amp; Tokio protestierten.</p>
      <media media-type="image"><media-reference source="bild.jpg"/><media-caption>Ein Startplatz</media-caption></media>
    </body.content>
  </body>
</nitf>
"""

NEWSML_G2 = """<?xml version="1.0" encoding="utf-8"?>
<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" guid="urn:newsml:agentur.example:20261120:4711" version="2" standard="NewsML-G2" standardversion="2.33" xml:lang="de">
  <itemMeta>
    <itemClass qcode="ninat:text"/>
    <versionCreated>2026-11-20T12:10:00+01:00</versionCreated>
    <firstCreated>2026-11-20T11:58:00+01:00</firstCreated>
    <pubStatus qcode="stat:usable"/>
  </itemMeta>
  <contentMeta>
    <headline>Raketentest über dem Ostmeer</headline>
    <creator><name>Ina Muster</name></creator>
    <language tag="de"/>
    <subject type="cpnat:abstract" qcode="medtop:20000001"><name>Raketen</name></subject>
    <description role="drol:summary">Der dritte Test in diesem Monat.</description>
  </contentMeta>
  <contentSet>
    <inlineXML contenttype="application/xhtml+xml">
      <html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head><body><p>Die Rakete flog 800 Kilometer weit.</p><p>Seoul protestierte.</p></body></html>
    </inlineXML>
  </contentSet>
</newsItem>
"""

NINJS_2 = """{"uri": "https://agentur.example/4711", "standard": {"name": "ninjs", "version": "2.1"}, "type": "text", "version": "2",
"pubstatus": "usable", "firstcreated": "2026-11-20T11:58:00+01:00", "versioncreated": "2026-11-20T12:10:00+01:00", "language": "de",
"headlines": [{"role": "short", "value": "Raketentest"}, {"role": "main", "value": "Raketentest über dem Ostmeer"}],
"descriptions": [{"role": "summary", "value": "Der dritte Test in diesem Monat."}],
"bodies": [{"role": "main", "contenttype": "text/html", "value": "<p>Die Rakete flog 800 Kilometer weit.</p>"}],
"people": [{"name": "Kim", "role": "about"}, {"name": "Ina Muster", "role": "author"}], "subjects": [{"name": "Raketen", "uri": "medtop:20000001"}]}"""

NINJS_3 = """{"uri": "urn:agentur:4711", "standard": {"name": "ninjs", "version": "3.0", "schema": "https://iptc.org/std/ninjs/ninjs-schema_3.0.json"},
"pubstatus": "usable", "firstCreated": "x", "firstcreated": "2026-11-20T11:58:00+01:00", "language": "de", "by": "Ina Muster",
"headlines": [{"value": "Raketentest über dem Ostmeer"}],
"bodies": [{"contenttype": "text/plain", "value": "Die Rakete flog 800 Kilometer weit.\\n\\nSeoul & Tokio protestierten."}]}"""

SCHEMA_ORG = """{"@context": "https://schema.org", "@type": "NewsArticle", "identifier": "4711", "url": "https://agentur.example/4711",
"headline": "Raketentest über dem Ostmeer", "articleBody": "Die Rakete flog 800 Kilometer weit.", "articleSection": ["Politik"],
"datePublished": "2026-11-20T11:58:00+01:00", "author": [{"@type": "Person", "name": "Ina Muster"}], "keywords": "Raketen, Nordkorea",
"inLanguage": "de", "isAccessibleForFree": true, "creativeWorkStatus": "Published"}"""

IPTC_7901 = (
    "\x01bdt4711 3 pl 12 Raketen Nordkorea\r\n\x02Raketentest über dem Ostmeer\r\n\r\nDie Rakete flog 800 Kilometer weit.\r\nSeoul protestierte.\r\n"
    "\x03201058 GMT Nov 26\r\n\x04"
)

RSS_ITEM = """<item><title>Raketentest über dem Ostmeer</title><link>https://agentur.example/4711</link><guid isPermaLink="false">4711</guid>
<pubDate>Fri, 20 Nov 2026 11:58:00 +0100</pubDate><description>Die Rakete flog 800 Kilometer weit.</description></item>"""

CAP = """<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>2026-4711</identifier><sender>warnung@amt.example</sender>
<sent>2026-11-20T11:58:00+01:00</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope>
<info><language>de-DE</language><category>Safety</category><event>Warnung</event><urgency>Immediate</urgency><severity>Severe</severity><certainty>Observed</certainty>
<expires>2026-11-20T15:00:00+01:00</expires><senderName>Amt für Warnungen</senderName><headline>Raketentest über dem Ostmeer</headline>
<description>Die Rakete flog 800 Kilometer weit.</description><instruction>Schifffahrt: Gebiet meiden.</instruction><area><areaDesc>Ostmeer</areaDesc></area></info>
<info><language>en-US</language><category>Safety</category><event>Warning</event><headline>Missile test over the sea</headline></info></alert>
"""

SAMPLES = {
    "nitf": NITF,
    "newsml-g2": NEWSML_G2,
    "ninjs-2": NINJS_2,
    "ninjs-3": NINJS_3,
    "schema-org": SCHEMA_ORG,
    "iptc-7901": IPTC_7901,
    "rss-item": RSS_ITEM,
    "cap": CAP,
}
