import * as actions from "../_shared/actions.ts";
import { serve } from "../_shared/serve.ts";

serve({
  suggest_tags: actions.tags,
  generate_whatsapp_copy: actions.whatsApp,
  generate_proactive_insights: actions.insights,
  parse_admin_intent: actions.intent,
  generate_supplier_copy: actions.supplier,
  get_customer_narrative: actions.narrative,
  analyze_loyalty: actions.loyalty,
});
