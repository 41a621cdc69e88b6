import { narrative } from "../_shared/actions.ts";
import { serve } from "../_shared/serve.ts";

serve({ get_customer_narrative: narrative }, "get_customer_narrative");
