CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.documents (
    id character varying NOT NULL,
    name character varying NOT NULL,
    title character varying NOT NULL,
    text_hash character varying NOT NULL,
    facts_hash character varying NOT NULL,
    characters integer NOT NULL,
    media_type character varying NOT NULL,
    published date,
    published_source character varying NOT NULL,
    published_text character varying NOT NULL,
    published_confidence double precision NOT NULL,
    source character varying NOT NULL,
    author character varying NOT NULL,
    language character varying NOT NULL,
    url character varying NOT NULL,
    headings json NOT NULL,
    pages json NOT NULL,
    metadata json NOT NULL,
    state character varying NOT NULL,
    added timestamp with time zone NOT NULL,
    passages integer NOT NULL,
    sentences integer NOT NULL
);
CREATE TABLE public.facts (
    name character varying NOT NULL,
    value character varying NOT NULL
);
CREATE TABLE public.files (
    origin character varying NOT NULL,
    name character varying NOT NULL,
    media_type character varying NOT NULL,
    size integer NOT NULL,
    content_hash character varying NOT NULL,
    digest character varying NOT NULL
);
CREATE TABLE public.job_files (
    job_id character varying NOT NULL,
    number integer NOT NULL,
    name character varying NOT NULL,
    facts json NOT NULL,
    data bytea,
    begun integer NOT NULL,
    results json
);
CREATE TABLE public.jobs (
    id character varying NOT NULL,
    owner character varying NOT NULL,
    state character varying NOT NULL,
    detail character varying NOT NULL,
    files integer NOT NULL,
    size bigint NOT NULL,
    created timestamp with time zone NOT NULL,
    finished timestamp with time zone,
    taker character varying,
    alive timestamp with time zone
);
CREATE TABLE public.loose_copies (
    content_hash character varying NOT NULL
);
CREATE TABLE public.origins (
    origin character varying NOT NULL,
    name character varying NOT NULL,
    document_id character varying NOT NULL,
    file character varying
);
CREATE SEQUENCE public.passage_ids
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
CREATE TABLE public.passages (
    id integer NOT NULL,
    document_id character varying NOT NULL,
    ordinal integer NOT NULL,
    start integer NOT NULL,
    "end" integer NOT NULL,
    first_sentence integer NOT NULL,
    last_sentence integer NOT NULL,
    context character varying NOT NULL,
    vector bytea NOT NULL
);
CREATE SEQUENCE public.passages_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.passages_id_seq OWNED BY public.passages.id;
CREATE TABLE public.sentences (
    document_id character varying NOT NULL,
    ordinal integer NOT NULL,
    start integer NOT NULL,
    "end" integer NOT NULL,
    kind character varying NOT NULL,
    event_dates character varying NOT NULL,
    vector bytea NOT NULL
);
CREATE TABLE public.staged_passages (
    id integer NOT NULL,
    document_id character varying NOT NULL,
    ordinal integer NOT NULL,
    start integer NOT NULL,
    "end" integer NOT NULL,
    first_sentence integer NOT NULL,
    last_sentence integer NOT NULL,
    context character varying NOT NULL,
    vector bytea NOT NULL,
    context_terms character varying NOT NULL,
    terms character varying NOT NULL
);
CREATE SEQUENCE public.staged_passages_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.staged_passages_id_seq OWNED BY public.staged_passages.id;
CREATE TABLE public.staged_sentences (
    document_id character varying NOT NULL,
    ordinal integer NOT NULL,
    start integer NOT NULL,
    "end" integer NOT NULL,
    kind character varying NOT NULL,
    event_dates character varying NOT NULL,
    vector bytea NOT NULL
);
CREATE TABLE public.stale_vectors (
    passage_id integer NOT NULL
);
CREATE SEQUENCE public.stale_vectors_passage_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.stale_vectors_passage_id_seq OWNED BY public.stale_vectors.passage_id;
CREATE TABLE public.texts (
    document_id character varying NOT NULL,
    chunk integer NOT NULL,
    text text NOT NULL
);
CREATE TABLE public.word_frequencies (
    term character varying NOT NULL,
    passages integer NOT NULL
);
CREATE TABLE public.words (
    passage_id integer NOT NULL,
    terms tsvector NOT NULL
);
ALTER TABLE ONLY public.passages ALTER COLUMN id SET DEFAULT nextval('public.passages_id_seq'::regclass);
ALTER TABLE ONLY public.staged_passages ALTER COLUMN id SET DEFAULT nextval('public.staged_passages_id_seq'::regclass);
ALTER TABLE ONLY public.stale_vectors ALTER COLUMN passage_id SET DEFAULT nextval('public.stale_vectors_passage_id_seq'::regclass);
INSERT INTO public.alembic_version (version_num) VALUES ('4');
INSERT INTO public.documents (id, name, title, text_hash, facts_hash, characters, media_type, published, published_source, published_text, published_confidence, source, author, language, url, headings, pages, metadata, state, added, passages, sentences) VALUES ('b0cff55fc0315626', 'dam', 'dam', '0dc58f6077cb83fd103ea13aa5702837', 'dfdbb0a033c25a462443d098d29767ec', 35, 'text/plain', NULL, '', '', 0, '', '', '', '', '[]', '[]', '{}', 'indexed', '2026-11-28 17:30:43.935514+00', 1, 1);
INSERT INTO public.documents (id, name, title, text_hash, facts_hash, characters, media_type, published, published_source, published_text, published_confidence, source, author, language, url, headings, pages, metadata, state, added, passages, sentences) VALUES ('d3387d207a52f035', 'mill', 'mill', '16494e9b78ba1d97cf64ea66d12c1d8c', 'f8c12d77c82d1b70cff282dd5e62522b', 16, 'text/plain', NULL, '', '', 0, '', '', '', '', '[]', '[]', '{}', 'indexed', '2026-11-28 17:30:44.489927+00', 1, 1);
INSERT INTO public.facts (name, value) VALUES ('schema_version', '4');
INSERT INTO public.facts (name, value) VALUES ('fingerprint', 'word-hash-1-200');
INSERT INTO public.facts (name, value) VALUES ('model', 'word-hash');
INSERT INTO public.facts (name, value) VALUES ('vectors', '000001');
INSERT INTO public.files (origin, name, media_type, size, content_hash, digest) VALUES ('file:dam', 'dam', 'text/plain', 35, '00000000000000000000000000000000', '');
INSERT INTO public.files (origin, name, media_type, size, content_hash, digest) VALUES ('file:mill', 'mill', 'text/plain', 16, '00000000000000000000000000000000', '');
INSERT INTO public.files (origin, name, media_type, size, content_hash, digest) VALUES ('file:copy', 'copy', 'text/plain', 16, '00000000000000000000000000000000', '');
INSERT INTO public.origins (origin, name, document_id, file) VALUES ('test:dam', 'dam', 'b0cff55fc0315626', 'file:dam');
INSERT INTO public.origins (origin, name, document_id, file) VALUES ('test:mill', 'mill', 'd3387d207a52f035', 'file:mill');
INSERT INTO public.origins (origin, name, document_id, file) VALUES ('test:copy', 'copy', 'd3387d207a52f035', 'file:copy');
INSERT INTO public.passages (id, document_id, ordinal, start, "end", first_sentence, last_sentence, context, vector) VALUES (1, 'b0cff55fc0315626', 0, 0, 35, 0, 0, 'dam', '\x050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500d3340500050005000500050005000500050005000500050005000500050005000500d334d3340500050005000500d334050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500d334050005000500050005000500050005000500d334050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500d338050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500050005000500d334050005000500050005000500050005000500050005000500');
INSERT INTO public.passages (id, document_id, ordinal, start, "end", first_sentence, last_sentence, context, vector) VALUES (2, 'd3387d207a52f035', 0, 0, 16, 0, 0, 'mill', '\x07000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070088360700883a0700070007000700070007000700070007008836070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700070007000700');
INSERT INTO public.sentences (document_id, ordinal, start, "end", kind, event_dates, vector) VALUES ('b0cff55fc0315626', 0, 0, 35, 'sentence', '[["1936-05-03", "1936-05-03", "day", 21, 34, "on 3 May 1936"]]', '\x060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600a8350600060006000600060006000600060006000600060006000600060006000600a835a8350600060006000600a835060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600a835060006000600060006000600060006000600a835060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600a835060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600060006000600a835060006000600060006000600060006000600060006000600');
INSERT INTO public.sentences (document_id, ordinal, start, "end", kind, event_dates, vector) VALUES ('d3387d207a52f035', 0, 0, 16, 'sentence', '', '\x0a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a009e380a009e380a000a000a000a000a000a000a000a000a009e380a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a000a00');
INSERT INTO public.texts (document_id, chunk, text) VALUES ('b0cff55fc0315626', 0, 'The dam was finished on 3 May 1936.');
INSERT INTO public.texts (document_id, chunk, text) VALUES ('d3387d207a52f035', 0, 'The mill burned.');
INSERT INTO public.word_frequencies (term, passages) VALUES ('1936', 1);
INSERT INTO public.word_frequencies (term, passages) VALUES ('3', 1);
INSERT INTO public.word_frequencies (term, passages) VALUES ('dam', 1);
INSERT INTO public.word_frequencies (term, passages) VALUES ('finish', 1);
INSERT INTO public.word_frequencies (term, passages) VALUES ('may', 1);
INSERT INTO public.word_frequencies (term, passages) VALUES ('on', 1);
INSERT INTO public.word_frequencies (term, passages) VALUES ('was', 1);
INSERT INTO public.word_frequencies (term, passages) VALUES ('burn', 1);
INSERT INTO public.word_frequencies (term, passages) VALUES ('mill', 1);
INSERT INTO public.word_frequencies (term, passages) VALUES ('the', 2);
INSERT INTO public.words (passage_id, terms) VALUES (1, '''1936'':9A ''3'':7A ''dam'':1B,3A ''finish'':5A ''may'':8A ''on'':6A ''the'':2A ''was'':4A');
INSERT INTO public.words (passage_id, terms) VALUES (2, '''burn'':4A ''mill'':1B,3A ''the'':2A');
SELECT pg_catalog.setval('public.passage_ids', 2, true);
SELECT pg_catalog.setval('public.passages_id_seq', 1, false);
SELECT pg_catalog.setval('public.staged_passages_id_seq', 1, false);
SELECT pg_catalog.setval('public.stale_vectors_passage_id_seq', 1, false);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.documents
    ADD CONSTRAINT documents_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.facts
    ADD CONSTRAINT facts_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.files
    ADD CONSTRAINT files_pkey PRIMARY KEY (origin);
ALTER TABLE ONLY public.job_files
    ADD CONSTRAINT job_files_pkey PRIMARY KEY (job_id, number);
ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.loose_copies
    ADD CONSTRAINT loose_copies_pkey PRIMARY KEY (content_hash);
ALTER TABLE ONLY public.origins
    ADD CONSTRAINT origins_pkey PRIMARY KEY (origin);
ALTER TABLE ONLY public.passages
    ADD CONSTRAINT passages_document_id_ordinal_key UNIQUE (document_id, ordinal);
ALTER TABLE ONLY public.passages
    ADD CONSTRAINT passages_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.sentences
    ADD CONSTRAINT sentences_pkey PRIMARY KEY (document_id, ordinal);
ALTER TABLE ONLY public.staged_passages
    ADD CONSTRAINT staged_passages_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.staged_sentences
    ADD CONSTRAINT staged_sentences_pkey PRIMARY KEY (document_id, ordinal);
ALTER TABLE ONLY public.stale_vectors
    ADD CONSTRAINT stale_vectors_pkey PRIMARY KEY (passage_id);
ALTER TABLE ONLY public.texts
    ADD CONSTRAINT texts_pkey PRIMARY KEY (document_id, chunk);
ALTER TABLE ONLY public.word_frequencies
    ADD CONSTRAINT word_frequencies_pkey PRIMARY KEY (term);
ALTER TABLE ONLY public.words
    ADD CONSTRAINT words_pkey PRIMARY KEY (passage_id);
CREATE INDEX ix_documents_added ON public.documents USING btree (added);
CREATE INDEX ix_documents_published ON public.documents USING btree (published);
CREATE INDEX ix_documents_state ON public.documents USING btree (state);
CREATE INDEX ix_documents_text_hash ON public.documents USING btree (text_hash);
CREATE INDEX ix_files_content_hash ON public.files USING btree (content_hash);
CREATE INDEX ix_jobs_state ON public.jobs USING btree (state);
CREATE INDEX ix_origins_document_id ON public.origins USING btree (document_id);
CREATE INDEX ix_staged_passages_document_id ON public.staged_passages USING btree (document_id);
CREATE INDEX origins_by_file ON public.origins USING btree (file);
CREATE INDEX words_by_term ON public.words USING gin (terms) WITH (fastupdate=off);
ALTER TABLE ONLY public.job_files
    ADD CONSTRAINT job_files_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.jobs(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.origins
    ADD CONSTRAINT origins_document_id_fkey FOREIGN KEY (document_id) REFERENCES public.documents(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.passages
    ADD CONSTRAINT passages_document_id_fkey FOREIGN KEY (document_id) REFERENCES public.documents(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.sentences
    ADD CONSTRAINT sentences_document_id_fkey FOREIGN KEY (document_id) REFERENCES public.documents(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.staged_passages
    ADD CONSTRAINT staged_passages_document_id_fkey FOREIGN KEY (document_id) REFERENCES public.documents(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.staged_sentences
    ADD CONSTRAINT staged_sentences_document_id_fkey FOREIGN KEY (document_id) REFERENCES public.documents(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.texts
    ADD CONSTRAINT texts_document_id_fkey FOREIGN KEY (document_id) REFERENCES public.documents(id) ON DELETE CASCADE;
