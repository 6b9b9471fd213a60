-- The page of ALTER TABLE .. IF NOT EXISTS that people paste into a boot script, as psql runs it: each line a transaction.
ALTER TABLE IF EXISTS public.proposals ALTER COLUMN user_id DROP NOT NULL;
ALTER TABLE IF EXISTS public.proposals ADD COLUMN IF NOT EXISTS visitor_session_id VARCHAR(64);
ALTER TABLE IF EXISTS public.proposals ADD COLUMN IF NOT EXISTS expires_at TIMESTAMP WITHOUT TIME ZONE;
CREATE INDEX IF NOT EXISTS ix_proposals_visitor_session_id ON public.proposals (visitor_session_id);
CREATE INDEX IF NOT EXISTS ix_proposals_expires_at ON public.proposals (expires_at);
DO $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'ck_proposals_owner_present') THEN
    ALTER TABLE public.proposals ADD CONSTRAINT ck_proposals_owner_present
      CHECK ((user_id IS NOT NULL) OR (visitor_session_id IS NOT NULL));
  END IF;
END $$;
ALTER TABLE IF EXISTS public.conversions ADD COLUMN IF NOT EXISTS user_id INTEGER;
ALTER TABLE IF EXISTS public.conversions ADD COLUMN IF NOT EXISTS visitor_session_id VARCHAR(64);
ALTER TABLE IF EXISTS public.conversions ADD COLUMN IF NOT EXISTS proposal_id INTEGER;
CREATE INDEX IF NOT EXISTS ix_conversions_user_id ON public.conversions (user_id);
CREATE INDEX IF NOT EXISTS ix_conversions_visitor_session_id ON public.conversions (visitor_session_id);
CREATE INDEX IF NOT EXISTS ix_conversions_proposal_id ON public.conversions (proposal_id);
UPDATE public.conversions c SET user_id = p.user_id
FROM public.proposals p WHERE c.proposal_id = p.id AND c.user_id IS NULL AND p.user_id IS NOT NULL;
UPDATE public.conversions c SET visitor_session_id = p.visitor_session_id
FROM public.proposals p WHERE c.proposal_id = p.id AND c.visitor_session_id IS NULL AND p.visitor_session_id IS NOT NULL;
